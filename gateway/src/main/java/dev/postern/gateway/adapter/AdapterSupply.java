package dev.postern.gateway.adapter;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.registry.Adapter;
import dev.postern.registry.RoutePlan.Candidate;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings adapters to runners. A runner checks what it is given and says what it is; it keeps it by
 * digest, and is given it again when it has lost it.
 */
public final class AdapterSupply {
  private static final Logger LOG = LoggerFactory.getLogger(AdapterSupply.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A first adapter has the runner read its model a second time. */
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private static final Duration SOON = Duration.ofSeconds(1);

  private final Vertx vertx;
  private final RunnerPool pool;
  private final AdapterFiles files;
  private final ConcurrentMap<Errand, Future<Void>> errands = new ConcurrentHashMap<>();

  private record Errand(String runner, String digest) {}

  public AdapterSupply(Vertx vertx, RunnerPool pool, AdapterFiles files) {
    this.vertx = vertx;
    this.pool = pool;
    this.files = files;
  }

  /** What a runner calls a model of its with an adapter. */
  public static String address(String model, String digest) {
    return model + "@" + digest;
  }

  /**
   * Has a runner take in a new adapter.
   *
   * @param zip as {@link AdapterFiles#pack} makes it
   * @return fails with {@link RunnerFailure.Refused} when it is none, or none of the model
   */
  public Future<Adapter.Facts> offer(Candidate runner, String name, Path zip) {
    var path =
        "/control/adapters/import?model=" + encoded(runner.model()) + "&name=" + encoded(name);
    return pool.deliver(
            new RunnerPool.Delivery(runner.runner(), runner.baseUri(), path, zip, LIMIT))
        .map(AdapterSupply::facts);
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static Adapter.Facts facts(Buffer document) {
    try {
      var card = JSON.readTree(document.getBytes());
      var targets = new ArrayList<String>();
      for (JsonNode target : card.path("targets")) {
        targets.add(target.asText());
      }
      return new Adapter.Facts(
          card.path("digest").asText(),
          card.path("rank").asInt(),
          targets,
          card.path("parameters").asLong(),
          card.path("bytes").asLong());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Gives a runner an adapter that it said it does not have; once for all who ask meanwhile. */
  public Future<Void> bring(Candidate runner, String digest) {
    var promise = Promise.<Void>promise();
    var errand = new Errand(runner.runner(), digest);
    var running = errands.putIfAbsent(errand, promise.future());
    if (running != null) {
      return running;
    }
    vertx
        .executeBlocking(() -> files.find(digest), false)
        .compose(file -> bring(runner, digest, file))
        .onComplete(done -> {
          errands.remove(errand);
          promise.handle(done);
        });
    return promise.future();
  }

  private Future<Void> bring(Candidate runner, String digest, Optional<Path> file) {
    if (file.isEmpty()) {
      LOG.warn("there is no file of adapter {}; import it again", digest);
      return unavailable(runner);
    }
    LOG.info("giving adapter {} to runner {}", digest, runner.runner());
    return offer(runner, digest, file.get())
        .compose(facts -> {
          if (facts.digest().equals(digest)) {
            return Future.succeededFuture();
          }
          LOG.warn("the file of adapter {} has become {}", digest, facts.digest());
          return unavailable(runner);
        });
  }

  private static Future<Void> unavailable(Candidate runner) {
    return Future.failedFuture(
        new RunnerException(new RunnerFailure.Unavailable(runner.runner(), SOON)));
  }

  /**
   * Has runners forget an adapter that nobody has any more; one that does not hear keeps a file.
   */
  public void withdraw(List<Candidate> runners, String digest) {
    for (var runner : runners) {
      var document = new JsonObject().put("model", runner.model()).put("digest", digest);
      pool.tell(runner.baseUri(), "/control/adapters/remove", document.toBuffer())
          .onFailure(cause ->
              LOG.info(
                  "runner {} keeps adapter {}: {}", runner.runner(), digest, cause.toString()));
    }
  }
}
