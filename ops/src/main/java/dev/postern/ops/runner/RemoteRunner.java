package dev.postern.ops.runner;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.Registry;
import dev.postern.tenancy.Prices;
import java.io.IOException;
import java.net.URI;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A runner on another machine, kept in the directory of this gateway while it answers. All of it
 * happens on one thread.
 */
public final class RemoteRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RemoteRunner.class);
  private static final long LOOK_SECONDS = 2;

  /** A remote model's width is nobody's business but its runner's. */
  private static final int UNKNOWN_WIDTH = 1;

  private final String name;
  private final URI uri;
  private final JsonClient client;
  private final Pulse pulse;
  private final Listing listing;
  private final InstantSource clock;
  private final ScheduledExecutorService thread;

  // This runner's thread only.
  private List<String> listed = List.of();

  public RemoteRunner(
      URI uri, String token, Registry registry, Prices prices, InstantSource clock) {
    this.uri = uri;
    this.name = "remote-" + uri.getHost() + "-" + uri.getPort();
    this.client = new JsonClient(token);
    this.pulse = new Pulse(client);
    this.listing = new Listing(registry, prices);
    this.clock = clock;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name(name).factory());
  }

  /** Begins to look after it. */
  public void start() {
    thread.scheduleWithFixedDelay(this::look, 0, LOOK_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }

  private void look() {
    try {
      if (pulse.feel(uri)) {
        enter();
      } else if (pulse.lost() && !listed.isEmpty()) {
        log.warn("runner {} does not answer: taken out", uri);
        listing.remove(name);
        listed = List.of();
      }
    } catch (IOException | RuntimeException | TimeoutException e) {
      log.info("runner {}: {}", uri, e.toString());
    }
  }

  private void enter() throws IOException, TimeoutException {
    var models = new ArrayList<Listing.Model>();
    for (var model : client.get(uri.resolve("/control/models")).path("models")) {
      // A folder that cannot be read has no digest.
      if (model.path("digest").isTextual()) {
        models.add(read(model));
      }
    }
    var identities = models.stream().map(m -> m.name() + " " + m.version().digest()).toList();
    if (identities.equals(listed) && listing.heartbeat(name)) {
      return;
    }
    listing.enter(name, uri, List.copyOf(models));
    log.info("runner {} serves {}", uri, identities);
    listed = identities;
  }

  private Listing.Model read(JsonNode model) throws IOException {
    var called = model.path("name").asText();
    try {
      var role = ModelVersion.Role.valueOf(model.path("role").asText().toUpperCase(Locale.ROOT));
      int context = model.path("context_length").asInt();
      return new Listing.Model(
          called,
          new ModelVersion(
              model.path("digest").asText(), called, role, context, UNKNOWN_WIDTH, clock.instant()),
          "");
    } catch (IllegalArgumentException e) {
      throw new IOException("it serves " + called + " in a role that is not known here", e);
    }
  }
}
