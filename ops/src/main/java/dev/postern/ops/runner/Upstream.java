package dev.postern.ops.runner;

import dev.postern.ops.UsageException;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.Models;
import dev.postern.registry.Registry;
import dev.postern.registry.RunnerDirectory;
import dev.postern.runners.importer.Digests;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Another OpenAI-compatible server in a runner's place, for benchmarks: one model, always called
 * alive.
 *
 * @param model the name on both sides
 */
public record Upstream(String model, URI baseUri) {
  private static final int CONTEXT = 8192;
  private static final long HEARTBEAT_MILLIS = 5_000;
  private static final long LIMIT_SECONDS = 10;

  /** Reads {@code MODEL=URL}. */
  public static Upstream parse(String text) {
    int split = text.indexOf('=');
    if (split < 1) {
      throw new UsageException("expected MODEL=URL, not " + text);
    }
    return new Upstream(text.substring(0, split), URI.create(text.substring(split + 1)));
  }

  /** Enters it as a runner and keeps it alive in the directory. */
  public void announceIn(Vertx vertx, Registry registry, InstantSource clock)
      throws TimeoutException {
    var version =
        new ModelVersion(digest(), model, ModelVersion.Role.CHAT, CONTEXT, 1, clock.instant());
    stored(registry.models().register(new Models.Stored(version, "", new JsonObject())));
    stored(registry.deployments().put(null, model, version.digest()));
    var served = List.of(new RunnerDirectory.Served(version.digest(), model));
    var name = "upstream-" + model;
    stored(registry.runners().register(name, baseUri, served));
    vertx.setPeriodic(HEARTBEAT_MILLIS, _ -> registry.runners().heartbeat(name));
  }

  /** The server's weights are not ours to read: its address and the model's name stand for them. */
  private String digest() {
    return "sha256:" + Digests.hex((baseUri + " " + model).getBytes(StandardCharsets.UTF_8));
  }

  private static <T> T stored(Future<T> future) throws TimeoutException {
    return future.await(LIMIT_SECONDS, TimeUnit.SECONDS);
  }
}
