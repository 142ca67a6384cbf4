package dev.postern.registry;

import io.vertx.core.Future;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * Which runners are there and what they serve. Whoever starts runners keeps it up to date; gateways
 * hear of it within a second.
 */
public interface RunnerDirectory {
  Duration SILENT_AFTER = Duration.ofSeconds(30);

  /**
   * Enters a runner, or replaces what was known of it.
   *
   * @param name stable over restarts
   */
  Future<Void> register(String name, URI baseUri, List<Served> models);

  /**
   * Says that the runner lives. Due every few seconds: a runner that is silent for {@link
   * #SILENT_AFTER} gets no calls until it is heard again.
   *
   * @return false when the runner is not entered, so that it has to register again
   */
  Future<Boolean> heartbeat(String name);

  /** Takes a runner out; without it, does nothing. */
  Future<Void> remove(String name);

  Future<List<Runner>> list();

  /**
   * A version that a runner has loaded.
   *
   * @param digest {@code sha256:…}
   * @param model the name to send to that runner
   */
  record Served(String digest, String model) {}

  /** A runner as it is entered. */
  record Runner(String name, URI baseUri, List<Served> models, Instant heartbeatAt) {
    public Runner {
      models = List.copyOf(models);
    }
  }
}
