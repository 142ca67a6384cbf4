package dev.postern.ops.runner;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.postern.ops.HomeModels;
import dev.postern.registry.Registry;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.TenantId;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A runner of this machine: its process, its entry in the directory, and the models it serves. All
 * of it but the process happens on one thread.
 */
public final class LocalRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LocalRunner.class);

  /** The first one's name in the directory; the same from start to start. */
  public static final String NAME = "local";

  private static final Duration LOOK_PERIOD = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofMillis(50);

  /** Whoever asks for a name that is open to all tenants gets the same answer. */
  private static final TenantId ANYBODY = new TenantId(new UUID(0, 0));

  private final String name;
  private final HomeModels home;
  private final JsonClient client;
  private final Pulse pulse;
  private final RunnerSupervisor supervisor;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("local-runner").factory());

  /** The models of the next start of the process; read by the supervisor's thread. */
  private volatile List<HomeModels.Entry> models;

  private volatile @Nullable URI announced;

  private final CompletableFuture<Void> firstReady = new CompletableFuture<>();

  private volatile @Nullable URI address;

  // Below: this runner's thread only.
  private @Nullable Listing listing;
  private @Nullable URI warmed;
  private @Nullable FileTime taken;

  /**
   * @param number among the runners of this machine, from 0
   * @param models what it serves from the start
   * @param log receives the process's output
   */
  public LocalRunner(
      int number,
      String device,
      HomeModels home,
      List<HomeModels.Entry> models,
      String token,
      int heapMegabytes,
      Path log) {
    this.name = number == 0 ? NAME : NAME + "-" + (number + 1);
    this.home = home;
    this.models = List.copyOf(models);
    this.client = new JsonClient(token);
    this.pulse = new Pulse(client);
    this.supervisor =
        new RunnerSupervisor(
            new RunnerLaunch(
                name,
                RunnerPlace.ofThisMachine(device),
                this::launchModels,
                token,
                heapMegabytes,
                log),
            uri -> thread.execute(() -> serves(uri)),
            () -> thread.execute(this::ended));
  }

  /** Starts the process; completes when it listens for the first time. */
  public CompletableFuture<Void> start() {
    thread.scheduleWithFixedDelay(
        this::look, LOOK_PERIOD.toMillis(), LOOK_PERIOD.toMillis(), TimeUnit.MILLISECONDS);
    return supervisor
        .start()
        .whenComplete((_, failure) -> {
          if (failure != null) {
            firstReady.completeExceptionally(failure);
          }
        });
  }

  /** Enters the runner and its models where the gateway looks, now and after each restart. */
  public void announceIn(Registry entries, Prices book) {
    thread.execute(() -> {
      listing = new Listing(entries, book);
      announce();
    });
  }

  /** Whether its models have answered and the gateway knows where they are. */
  public boolean ready() {
    return supervisor.ready() && announced != null;
  }

  /** Completes when {@link #ready} is true for the first time; fails when the process gives up. */
  public CompletableFuture<Void> whenReady() {
    return firstReady;
  }

  /** Processor time that its process has taken, in seconds; empty while it does not answer. */
  public OptionalDouble processorTime() {
    var uri = address;
    if (uri == null) {
      return OptionalDouble.empty();
    }
    try {
      var seconds = client.get(uri.resolve("/control/capacity")).path("cpu_seconds");
      return seconds.isNumber() ? OptionalDouble.of(seconds.doubleValue()) : OptionalDouble.empty();
    } catch (IOException e) {
      return OptionalDouble.empty();
    }
  }

  public long pid() {
    return supervisor.pid();
  }

  @Override
  public void close() {
    thread.shutdownNow();
    supervisor.close();
  }

  private List<RunnerLaunch.Model> launchModels() {
    return models.stream().map(RunnerLaunch.Model::of).toList();
  }

  private void serves(URI uri) {
    announced = null;
    address = uri;
    announce();
  }

  /** Calls to an address where nobody listens would open the breaker for the next runner too. */
  private void ended() {
    announced = null;
    address = null;
    var entries = listing;
    if (entries != null) {
      entries
          .registry()
          .runners()
          .remove(name)
          .onFailure(cause -> log.info("runner {} is still listed: {}", name, cause.toString()));
    }
  }

  private void announce() {
    var uri = address;
    var entries = listing;
    if (uri == null || entries == null) {
      return;
    }
    try {
      // After a crash callers are waiting already: the first of them warms it.
      if (!firstReady.isDone() && !uri.equals(warmed)) {
        warm(uri);
        warmed = uri;
      }
      entries.enter(name, uri, models.stream().map(LocalRunner::listed).toList());
      awaitRoute(entries.registry(), uri);
    } catch (IOException | RuntimeException | TimeoutException e) {
      log.info("runner {} is not ready yet: {}", name, e.toString());
      later(uri, this::announce);
    }
  }

  /** The gateway hears of it by PostgreSQL, which takes a moment. */
  private void awaitRoute(Registry entries, URI uri) throws TimeoutException {
    for (var model : models) {
      var plan = Listing.stored(entries.routes().resolve(ANYBODY, model.name()));
      if (plan.candidates().stream().noneMatch(candidate -> candidate.baseUri().equals(uri))) {
        later(uri, this::announce);
        return;
      }
    }
    announced = uri;
    firstReady.complete(null);
    log.info("runner {} is ready with {} models", name, models.size());
  }

  private void later(URI uri, Runnable again) {
    thread.schedule(
        () -> {
          if (uri.equals(address)) {
            again.run();
          }
        },
        RETRY.toMillis(),
        TimeUnit.MILLISECONDS);
  }

  /** The first answer takes longer than the next ones, so nobody but us should wait for it. */
  private void warm(URI uri) throws IOException {
    for (var model : models) {
      switch (model.version().role()) {
        case CHAT -> {
          var body = JsonNodeFactory.instance.objectNode().put("model", model.name());
          body.put("max_tokens", 1).put("temperature", 0);
          body.putArray("messages").addObject().put("role", "user").put("content", "Hello");
          client.post(uri.resolve("/v1/chat/completions"), body.toString());
        }
        case EMBEDDING -> {
          var body = JsonNodeFactory.instance.objectNode().put("model", model.name());
          client.post(uri.resolve("/v1/embeddings"), body.put("input", "Hello").toString());
        }
        // An encoder's graph has run once when it is loaded.
        case CLASSIFIER, RERANKER -> {}
      }
    }
  }

  /** Every few seconds: does it answer, and was a model imported or a format chosen? */
  private void look() {
    var uri = address;
    var entries = listing;
    if (uri == null || entries == null || !supervisor.ready()) {
      pulse.forget();
      return;
    }
    try {
      if (pulse.feel(uri)) {
        if (!entries.heartbeat(name)) {
          announce();
        }
        takeChanges(uri);
      } else if (pulse.lost()) {
        supervisor.killHanging();
      }
    } catch (IOException | RuntimeException | TimeoutException e) {
      log.debug("runner {}: {}", name, e.toString());
    }
  }

  private static Listing.Model listed(HomeModels.Entry model) {
    return new Listing.Model(model.name(), model.version(), model.folder().toString());
  }

  /** Models that were imported, or whose format a person chose, since the last look. */
  private void takeChanges(URI uri) throws IOException {
    var changed = home.changedAt();
    if (changed.equals(taken)) {
      return;
    }
    var now = new ArrayList<>(models);
    for (var model : home.entered()) {
      int at = index(now, model.name());
      if (at >= 0 && (!home.chosen(model.name()) || folder(now.get(at)).equals(folder(model)))) {
        continue;
      }
      var body =
          JsonNodeFactory.instance
              .objectNode()
              .put("name", model.name())
              .put("role", model.version().role().name().toLowerCase(Locale.ROOT))
              .put("folder", model.folder().toString());
      client.post(uri.resolve("/control/load"), body.toString());
      if (at >= 0) {
        now.set(at, model);
      } else {
        now.add(model);
      }
      models = List.copyOf(now);
      announce();
    }
    taken = changed;
  }

  private static int index(List<HomeModels.Entry> models, String name) {
    return IntStream.range(0, models.size())
        .filter(i -> models.get(i).name().equals(name))
        .findFirst()
        .orElse(-1);
  }

  private static Path folder(HomeModels.Entry model) {
    return model.folder().toAbsolutePath().normalize();
  }
}
