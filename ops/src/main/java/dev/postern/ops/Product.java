package dev.postern.ops;

import dev.postern.gateway.GatewayConfig;
import dev.postern.ops.jobs.ModelWork;
import dev.postern.ops.postgres.EmbeddedPostgres;
import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.runner.LocalRunner;
import dev.postern.ops.runner.RemoteRunner;
import dev.postern.ops.runner.Upstream;
import dev.postern.ops.telemetry.JsonLines;
import dev.postern.ops.telemetry.LogFile;
import dev.postern.ops.telemetry.MetricsServer;
import dev.postern.ops.telemetry.TextLines;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.tenancy.Bootstrap;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Everything that runs in one home, in the order it starts, and the reverse in which it stops. */
public final class Product implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Product.class);
  private static final long LOG_LIMIT = 10L << 20;
  private static final long START_SECONDS = 60;
  private static final long READY_SECONDS = 180;
  private static final String ADMIN = "admin@postern.local";

  private final Home home;
  private final PosternConfig config;
  private final Progress progress;
  private final InstantSource clock;
  private final Secrets secrets;
  private final HomeModels models;
  private final Closing closing = new Closing();

  /**
   * What is started beside the database and the gateway.
   *
   * @param localRunner a runner on this machine
   * @param runners on other machines
   * @param upstream a server in a runner's place, for benchmarks
   */
  public record Parts(boolean localRunner, List<URI> runners, Optional<Upstream> upstream) {
    static final Parts ALL = new Parts(true, List.of(), Optional.empty());
  }

  /**
   * What a started product offers.
   *
   * @param inference whether a runner serves
   */
  record Started(String url, Credentials credentials, boolean inference) {}

  /**
   * @param firstPassword of the console; only the first start knows it
   * @param key a project key; empty when {@code bootstrap.env} is gone
   */
  record Credentials(Optional<String> firstPassword, Optional<String> key) {}

  private Product(Home home, PosternConfig config, Progress progress) throws IOException {
    this.home = home;
    this.config = config;
    this.progress = progress;
    this.clock = InstantSource.system();
    this.secrets = new Secrets(home.secrets());
    this.models = new HomeModels(home, DefaultModels.userCache(), config.device().onCuda(), clock);
  }

  /** Runs Postern until a signal ends it. */
  public static void runUntilStopped(
      Home home, PosternConfig config, Parts parts, Progress progress) throws Exception {
    var stop = new CountDownLatch(1);
    var main = Thread.currentThread();
    Signals.onStop(() -> {
      // In this order, so that no interrupt can come after the wait is over.
      main.interrupt();
      stop.countDown();
    });
    home.create();
    try (var _ = InstanceLock.take(home)) {
      requireFree(config.host(), config.port());
      log(home, config);
      runIn(new Product(home, config, progress), parts, stop);
    }
    progress.line("Stopped.");
  }

  /**
   * Starts, answers a few requests and stops, so that the JVMs learn which classes a start needs.
   *
   * @param rehearsal called with the address and a project key
   */
  static void rehearse(
      Home home, PosternConfig config, Progress progress, BiConsumer<String, String> rehearsal)
      throws Exception {
    home.create();
    log(home, config);
    try (var product = new Product(home, config, progress)) {
      var started = product.start(Parts.ALL);
      rehearsal.accept(started.url(), started.credentials().key().orElseThrow());
    }
  }

  private static void runIn(Product product, Parts parts, CountDownLatch stop) throws Exception {
    try {
      var started = product.start(parts);
      new Welcome(product.home, ADMIN, started).lines().forEach(product.progress::plain);
      stop.await();
    } catch (Exception e) {
      // A stop in the middle of the start shows as whatever was interrupted.
      boolean asked = stop.getCount() == 0 || e instanceof InterruptedException;
      if (!asked) {
        throw e;
      }
    } finally {
      Thread.interrupted();
      product.progress.line("Stopping …");
      product.close();
    }
  }

  private Started start(Parts parts) throws Exception {
    // Both take seconds on a first start, and neither needs the other.
    var runner = aside(() -> parts.localRunner() ? startRunners() : List.<LocalRunner>of());
    var postgres = startPostgres();
    var vertx = startVertx();
    var local = finished(runner);
    BooleanSupplier ready =
        local.isEmpty()
            ? () -> !parts.localRunner()
            : () -> local.stream().anyMatch(LocalRunner::ready);
    var metrics = vertx.metrics();
    var work = ModelWork.open(vertx.vertx(), home, models, DefaultModels.userCache(), clock);
    closing.add("jobs on models", work);
    var gateway = startGateway(vertx.vertx(), postgres, work, metrics, ready);
    if (config.metricsPort() > 0) {
      var server = MetricsServer.start(vertx.vertx(), config.metricsPort(), metrics);
      closing.add("metrics", server);
    }
    var credentials = bootstrap(gateway, postgres);
    if (parts.upstream().isPresent()) {
      parts.upstream().get().announceIn(vertx.vertx(), gateway.registry(), clock);
    }
    for (var uri : parts.runners()) {
      lookAfter(uri, gateway);
    }
    local.forEach(found -> found.announceIn(gateway.registry(), gateway.tenancy().prices()));
    for (var found : local) {
      awaitReady(found);
    }
    if (config.measureModels() && !local.isEmpty()) {
      work.measureWhenQuiet(local.getFirst()::processorTime);
    }
    return new Started(
        url(gateway.port()), credentials, !local.isEmpty() || !parts.runners().isEmpty());
  }

  private void lookAfter(URI uri, GatewayProcess gateway) throws IOException {
    var runner =
        new RemoteRunner(
            uri, secrets.runnerToken(), gateway.registry(), gateway.tenancy().prices(), clock);
    closing.add("runner " + uri, runner);
    runner.start();
  }

  private EmbeddedPostgres startPostgres() throws Exception {
    var settings =
        new EmbeddedPostgres.Settings(
            home.postgres(),
            DefaultModels.userCache(),
            home.logs().resolve("postgres.log"),
            secrets.get("database-superuser"),
            secrets.get("database-owner"),
            secrets.get("database-app"));
    var postgres =
        settings.firstStart()
            ? progress.step("Making the database", () -> EmbeddedPostgres.start(settings))
            : EmbeddedPostgres.start(settings);
    closing.add("PostgreSQL", postgres);
    var owner = secrets.get("database-owner");
    Migrations.run(postgres.jdbcUrl(), EmbeddedPostgres.OWNER, owner);
    return postgres;
  }

  private GatewayVertx startVertx() {
    var vertx = GatewayVertx.create(home);
    closing.add("Vert.x", vertx);
    return vertx;
  }

  private GatewayProcess startGateway(
      Vertx vertx,
      EmbeddedPostgres postgres,
      ModelWork work,
      PrometheusMeterRegistry metrics,
      BooleanSupplier ready)
      throws Exception {
    var database =
        new PgConnectOptions()
            .setHost("127.0.0.1")
            .setPort(postgres.port())
            .setDatabase(EmbeddedPostgres.DATABASE)
            .setUser(EmbeddedPostgres.APPLICATION)
            .setPassword(secrets.get("database-app"))
            .setCachePreparedStatements(true);
    var gateway =
        GatewayProcess.start(
            vertx,
            new GatewayProcess.Settings(
                database,
                secrets.get("key-pepper"),
                secrets.runnerToken(),
                home.spool(),
                home.adapters(),
                GatewayConfig.on(config.host(), config.port()).withDrain(config.drainLimit()),
                ready,
                work,
                metrics,
                clock));
    closing.add("the gateway", gateway);
    return gateway;
  }

  /** One a device; none when there is no model to serve: everything but inference works then. */
  private List<LocalRunner> startRunners() throws IOException {
    var served = new ArrayList<HomeModels.Entry>();
    try {
      served.add(models.chat(new ImportBar(progress, HomeModels.CHAT)));
      served.add(models.embedding(new ImportBar(progress, HomeModels.EMBEDDING)));
    } catch (ImportException e) {
      progress.line(e.getMessage() + " Without it everything but inference works.");
    }
    served.addAll(models.imported());
    if (served.isEmpty()) {
      return List.of();
    }
    var runners = new ArrayList<LocalRunner>();
    for (var device : config.device().names()) {
      var runner =
          new LocalRunner(
              runners.size(),
              device,
              models,
              served,
              secrets.runnerToken(),
              config.runnerMemory().count(),
              home.runnerLog(runners.size()));
      runner
          .start()
          .whenComplete((_, failure) -> {
            if (failure != null) {
              log.error("{}", failure.getMessage());
            }
          });
      runners.add(runner);
    }
    return runners;
  }

  private Credentials bootstrap(GatewayProcess gateway, EmbeddedPostgres postgres)
      throws Exception {
    var file = BootstrapFile.open(home.bootstrap());
    var created =
        gateway.tenancy().bootstrap().run("Default", ADMIN).await(START_SECONDS, TimeUnit.SECONDS);
    if (created.isPresent()) {
      var first = created.get();
      file.put(BootstrapFile.API_KEY, first.projectKey().secret());
      file.put(BootstrapFile.ADMIN_KEY, first.adminKey().secret());
      Home.writePrivate(home.consolePassword(), first.adminPassword() + "\n");
    }
    file.put(BootstrapFile.URL, url(gateway.port()));
    file.put(BootstrapFile.MODEL, HomeModels.CHAT);
    file.put(BootstrapFile.EMBED_MODEL, HomeModels.EMBEDDING);
    file.put(
        BootstrapFile.DATABASE_URL,
        postgres.url(EmbeddedPostgres.APPLICATION, secrets.get("database-app")));
    file.write();
    return new Credentials(
        created.map(Bootstrap.Created::adminPassword), file.get(BootstrapFile.API_KEY));
  }

  private void awaitReady(LocalRunner runner) throws Exception {
    try {
      runner.whenReady().get(READY_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      progress.line("The models do not answer yet; the runner's log is " + home.runnerLog(0));
    }
  }

  private String url(int port) {
    boolean everywhere = config.host().equals("0.0.0.0") || config.host().equals("::");
    return "http://" + (everywhere ? "127.0.0.1" : config.host()) + ":" + port;
  }

  /** Runs beside the start; what it started ends with everything else. */
  private CompletableFuture<List<LocalRunner>> aside(Callable<List<LocalRunner>> work) {
    var result = new CompletableFuture<List<LocalRunner>>();
    var thread =
        Thread.ofPlatform()
            .name("start-runner")
            .start(() -> {
              try {
                result.complete(work.call());
              } catch (Exception e) {
                result.completeExceptionally(e);
              }
            });
    closing.add(
        "the runner",
        () -> {
          thread.interrupt();
          thread.join();
          if (!result.isCompletedExceptionally()) {
            result.get().forEach(LocalRunner::close);
          }
        });
    return result;
  }

  private static <T> T finished(CompletableFuture<T> work) throws Exception {
    try {
      return work.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    }
  }

  private static void log(Home home, PosternConfig config) {
    var formatter =
        switch (config.logFormat()) {
          case JSON -> new JsonLines();
          case TEXT -> new TextLines();
        };
    LogFile.install(new BoundedLog(home.logs().resolve("gateway.log"), LOG_LIMIT), formatter);
  }

  private static void requireFree(String host, int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw new UsageException(
          "cannot listen on "
              + host
              + ":"
              + port
              + " ("
              + e.getMessage()
              + "). Choose another port with --port N");
    }
  }

  @Override
  public void close() {
    closing.close();
  }
}
