package dev.postern.ops;

import dev.postern.gateway.Gateway;
import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.GatewayServices;
import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.admin.AdapterRoutes;
import dev.postern.gateway.admin.AdminRoutes;
import dev.postern.gateway.admin.AdminStores;
import dev.postern.gateway.admin.ConsoleSessions;
import dev.postern.gateway.admin.ModelRoutes;
import dev.postern.gateway.admin.RunnerRoutes;
import dev.postern.gateway.inspect.PolicyInspector;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.ops.jobs.ModelWork;
import dev.postern.ops.runner.LocalRunner;
import dev.postern.registry.Registry;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import dev.postern.tenancy.Pepper;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.TenancyConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/** A gateway and the stores it stands on, put together in this process. */
final class GatewayProcess implements AutoCloseable {
  private static final int STORE_CONNECTIONS = 8;

  /** One machine serves plain HTTP; a proxy in front of it may speak TLS. */
  private static final boolean SECURE_COOKIES = false;

  private static final int WAITING_STATEMENTS = 2_000;
  private static final long START_SECONDS = 60;
  private static final long STOP_SECONDS = 30;

  private final Tenancy tenancy;
  private final Registry registry;
  private final Gateway gateway;
  private final Closing closing;

  /**
   * What it is started with.
   *
   * @param database how the application's role connects
   * @param pepper hexadecimal
   * @param runnerToken what runners want to be shown
   * @param spool belongs to this gateway alone
   * @param adapters where the files of projects' adapters are
   * @param ready what {@code /readyz} answers
   */
  record Settings(
      PgConnectOptions database,
      String pepper,
      String runnerToken,
      Path spool,
      Path adapters,
      GatewayConfig gateway,
      BooleanSupplier ready,
      ModelWork models,
      PrometheusMeterRegistry metrics,
      InstantSource clock) {}

  private GatewayProcess(Tenancy tenancy, Registry registry, Gateway gateway, Closing closing) {
    this.tenancy = tenancy;
    this.registry = registry;
    this.gateway = gateway;
    this.closing = closing;
  }

  /** Starts on a migrated database; waits until it listens. */
  static GatewayProcess start(Vertx vertx, Settings settings) throws TimeoutException {
    var closing = new Closing();
    try {
      return start(vertx, settings, closing);
    } catch (RuntimeException | TimeoutException e) {
      closing.close();
      throw e;
    }
  }

  private static GatewayProcess start(Vertx vertx, Settings settings, Closing closing)
      throws TimeoutException {
    var clock = settings.clock();
    var pool = pool(vertx, settings.database(), STORE_CONNECTIONS, closing);
    var pepper = new Pepper(HexFormat.of().parseHex(settings.pepper()));
    var config = TenancyConfig.of(pepper, settings.spool());
    var tenancy = await(Tenancy.open(vertx, settings.database(), pool, config, clock));
    closing.add("tenancy", () -> ended(tenancy.close()));
    var registry = await(Registry.open(vertx, tenancy, clock));
    closing.add("registry", registry);
    // A killed run leaves its runner's old address behind.
    await(registry.runners().remove(LocalRunner.NAME));
    var detectors = new RuleDetectors();
    var inspector = new PolicyInspector(detectors);
    var runners = RunnerPool.create(vertx, RunnerPoolConfig.defaults(settings.runnerToken()));
    var files = new AdapterFiles(settings.adapters());
    var supply = new AdapterSupply(vertx, runners, files);
    var services =
        new GatewayServices(
            tenancy.apiKeys(),
            new ConsoleSessions(tenancy.sessions(), tenancy.projects()),
            tenancy.quotas(),
            tenancy.ledger(),
            tenancy.securityEvents(),
            tenancy.auditLog(),
            registry.routes(),
            registry.policies(),
            inspector,
            inspector,
            runners,
            supply,
            settings.metrics(),
            settings.ready(),
            clock,
            tenancy.ids());
    var routes =
        new ArrayList<>(
            AdminRoutes.groups(
                AdminStores.of(tenancy, registry.policies(), registry.routes()),
                detectors,
                clock,
                SECURE_COOKIES));
    routes.add(
        new AdapterRoutes(
            registry.adapters(),
            tenancy.projects(),
            registry.routes(),
            files,
            supply,
            clock,
            tenancy.ids()));
    var models = settings.models();
    routes.addAll(
        ModelRoutes.groups(
            models.models(), models.jobs(), tenancy.organisations(), tenancy.auditLog()));
    routes.add(new RunnerRoutes(registry.runners(), tenancy.organisations(), runners));
    var gateway = await(Gateway.start(vertx, settings.gateway(), services, routes));
    closing.add("gateway", () -> ended(gateway.stop(), settings.gateway().drain()));
    return new GatewayProcess(tenancy, registry, gateway, closing);
  }

  Tenancy tenancy() {
    return tenancy;
  }

  Registry registry() {
    return registry;
  }

  int port() {
    return gateway.port();
  }

  /** Lets requests in flight finish, then writes down all that is still in memory. */
  @Override
  public void close() {
    closing.close();
  }

  private static Pool pool(
      Vertx vertx, PgConnectOptions database, int connections, Closing closing) {
    var pool =
        PgBuilder.pool()
            .connectingTo(database)
            .with(
                new PoolOptions()
                    .setMaxSize(connections)
                    .setMaxWaitQueueSize(WAITING_STATEMENTS)
                    .setConnectionTimeout(5)
                    .setConnectionTimeoutUnit(TimeUnit.SECONDS))
            .using(vertx)
            .build();
    closing.add("connections to PostgreSQL", () -> ended(pool.close()));
    return pool;
  }

  private static <T> T await(Future<T> future) throws TimeoutException {
    return future.await(START_SECONDS, TimeUnit.SECONDS);
  }

  private static void ended(Future<?> end) throws TimeoutException {
    ended(end, Duration.ZERO);
  }

  private static void ended(Future<?> end, Duration more) throws TimeoutException {
    end.await(more.toSeconds() + STOP_SECONDS, TimeUnit.SECONDS);
  }
}
