package dev.postern.ops.runner;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.postern.ops.HomeModels;
import dev.postern.registry.Models;
import dev.postern.registry.Registry;
import dev.postern.registry.RunnerDirectory;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one runner of a machine: its process, its entry in the directory, and the models it serves.
 * All of it but the process happens on one thread.
 */
public final class LocalRunner implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LocalRunner.class);

  /** Its name in the directory; the same from start to start. */
  public static final String NAME = "local";

  private static final Duration LOOK_PERIOD = Duration.ofSeconds(2);
  private static final Duration RETRY = Duration.ofMillis(50);
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(60);
  private static final int MISSED_ANSWERS = 3;
  private static final long STORE_SECONDS = 10;

  /** What a million tokens cost until an operator sets a price, in US dollars. */
  private static final BigDecimal FIRST_PRICE = new BigDecimal("0.10");

  /** Whoever asks for a name that is open to all tenants gets the same answer. */
  private static final TenantId ANYBODY = new TenantId(new UUID(0, 0));

  private final HomeModels home;
  private final String token;
  private final RunnerSupervisor supervisor;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("local-runner").factory());

  /** The models of the next start of the process; read by the supervisor's thread. */
  private volatile List<HomeModels.Entry> models;

  private volatile @Nullable URI announced;

  private final CompletableFuture<Void> firstReady = new CompletableFuture<>();

  // Below: this runner's thread only.
  private @Nullable URI address;
  private @Nullable Registry registry;
  private @Nullable Prices prices;
  private @Nullable URI warmed;
  private List<HomeModels.Entry> entered = List.of();
  private int missed;

  /**
   * @param models what it serves from the start
   * @param log receives the process's output
   */
  public LocalRunner(
      HomeModels home, List<HomeModels.Entry> models, String token, int heapMegabytes, Path log) {
    this.home = home;
    this.models = List.copyOf(models);
    this.token = token;
    this.supervisor =
        new RunnerSupervisor(
            new RunnerLaunch(NAME, this::launchModels, token, heapMegabytes, log),
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
      registry = entries;
      prices = book;
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

  public long pid() {
    return supervisor.pid();
  }

  @Override
  public void close() {
    thread.shutdownNow();
    supervisor.close();
  }

  private List<RunnerLaunch.Model> launchModels() {
    return models.stream()
        .map(model -> new RunnerLaunch.Model(model.name(), model.version().role(), model.folder()))
        .toList();
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
    var entries = registry;
    if (entries != null) {
      entries
          .runners()
          .remove(NAME)
          .onFailure(cause -> log.info("runner {} is still listed: {}", NAME, cause.toString()));
    }
  }

  private void announce() {
    var uri = address;
    if (uri == null || registry == null || prices == null) {
      return;
    }
    try {
      // After a crash callers are waiting already: the first of them warms it.
      if (!firstReady.isDone() && !uri.equals(warmed)) {
        warm(uri);
        warmed = uri;
      }
      enter(registry, prices, uri);
      awaitRoute(registry, uri);
    } catch (IOException | RuntimeException | TimeoutException e) {
      log.info("runner {} is not ready yet: {}", NAME, e.toString());
      later(uri, this::announce);
    }
  }

  /** The gateway hears of it by PostgreSQL, which takes a moment. */
  private void awaitRoute(Registry entries, URI uri) throws TimeoutException {
    for (var model : models) {
      var plan = stored(entries.routes().resolve(ANYBODY, model.name()));
      if (plan.candidates().stream().noneMatch(candidate -> candidate.baseUri().equals(uri))) {
        later(uri, this::announce);
        return;
      }
    }
    announced = uri;
    firstReady.complete(null);
    log.info("runner {} is ready with {} models", NAME, models.size());
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
          post(uri.resolve("/v1/chat/completions"), body.toString());
        }
        case EMBEDDING -> {
          var body = JsonNodeFactory.instance.objectNode().put("model", model.name());
          post(uri.resolve("/v1/embeddings"), body.put("input", "Hello").toString());
        }
        // An encoder's graph has run once when it is loaded.
        case CLASSIFIER, RERANKER -> {}
      }
    }
  }

  private void enter(Registry entries, Prices book, URI uri) throws TimeoutException {
    var serving = models;
    if (!serving.equals(entered)) {
      enterModels(entries, book, serving);
      entered = serving;
    }
    var served =
        serving.stream()
            .map(model -> new RunnerDirectory.Served(model.version().digest(), model.name()))
            .toList();
    stored(entries.runners().register(NAME, uri, served));
  }

  private static void enterModels(Registry entries, Prices book, List<HomeModels.Entry> models)
      throws TimeoutException {
    for (var model : models) {
      stored(
          entries
              .models()
              .register(
                  new Models.Stored(model.version(), model.folder().toString(), new JsonObject())));
      stored(entries.deployments().put(null, model.name(), model.version().digest()));
    }
    stored(book.seedDefaults(models.stream().flatMap(model -> seeds(model).stream()).toList()));
  }

  private static List<Prices.Seed> seeds(HomeModels.Entry model) {
    var input = new Prices.Seed(model.name(), Prices.Kind.INPUT, FIRST_PRICE);
    return switch (model.version().role()) {
      case CHAT ->
          List.of(
              input,
              new Prices.Seed(
                  model.name(), Prices.Kind.OUTPUT, FIRST_PRICE.multiply(BigDecimal.TWO)));
      case EMBEDDING, CLASSIFIER, RERANKER -> List.of(input);
    };
  }

  private static <T> T stored(Future<T> future) throws TimeoutException {
    return future.await(STORE_SECONDS, TimeUnit.SECONDS);
  }

  /** Every few seconds: does it answer, and was a model imported? */
  private void look() {
    var uri = address;
    var entries = registry;
    if (uri == null || entries == null || !supervisor.ready()) {
      missed = 0;
      return;
    }
    try {
      if (answers(uri)) {
        missed = 0;
        if (!stored(entries.runners().heartbeat(NAME))) {
          announce();
        }
        takeImports(uri);
      } else if (++missed >= MISSED_ANSWERS) {
        missed = 0;
        supervisor.killHanging();
      }
    } catch (IOException | RuntimeException | TimeoutException e) {
      log.debug("runner {}: {}", NAME, e.toString());
    }
  }

  private void takeImports(URI uri) throws IOException {
    var known = models.stream().map(HomeModels.Entry::name).toList();
    for (var model : home.imported()) {
      if (!known.contains(model.name())) {
        var body =
            JsonNodeFactory.instance
                .objectNode()
                .put("name", model.name())
                .put("role", model.version().role().name().toLowerCase(Locale.ROOT))
                .put("folder", model.folder().toString());
        post(uri.resolve("/control/load"), body.toString());
        var more = new ArrayList<>(models);
        more.add(model);
        models = List.copyOf(more);
        announce();
      }
    }
  }

  private static boolean answers(URI uri) {
    try {
      return exchange(uri.resolve("/health"), null, null) == HttpURLConnection.HTTP_OK;
    } catch (IOException e) {
      return false;
    }
  }

  private void post(URI uri, String body) throws IOException {
    int status = exchange(uri, body, token);
    if (status != HttpURLConnection.HTTP_OK) {
      throw new IOException(uri.getPath() + " answered " + status);
    }
  }

  private static int exchange(URI uri, @Nullable String body, @Nullable String token)
      throws IOException {
    var connection = (HttpURLConnection) uri.toURL().openConnection();
    connection.setConnectTimeout((int) LOOK_PERIOD.toMillis());
    connection.setReadTimeout((int) ANSWER_LIMIT.toMillis());
    try {
      if (token != null) {
        connection.setRequestProperty("Authorization", "Bearer " + token);
      }
      if (body != null) {
        connection.setRequestMethod("POST");
        connection.setRequestProperty("Content-Type", "application/json");
        connection.setDoOutput(true);
        connection.getOutputStream().write(body.getBytes(UTF_8));
      }
      return connection.getResponseCode();
    } finally {
      connection.disconnect();
    }
  }
}
