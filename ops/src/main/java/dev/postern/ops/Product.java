package dev.postern.ops;

import dev.postern.ops.postgres.EmbeddedPostgres;
import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.telemetry.JsonLines;
import dev.postern.ops.telemetry.LogFile;
import dev.postern.ops.telemetry.TextLines;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** Everything that runs in one home, in the order it starts, and the reverse in which it stops. */
public final class Product implements AutoCloseable {
  private static final long LOG_LIMIT = 10L << 20;

  private final EmbeddedPostgres postgres;

  private Product(EmbeddedPostgres postgres) {
    this.postgres = postgres;
  }

  /** Runs Postern until a signal ends it. */
  public static void runUntilStopped(
      Home home, PosternConfig config, boolean withModel, Progress progress) throws Exception {
    var stop = new CountDownLatch(1);
    var main = Thread.currentThread();
    Signals.onStop(() -> {
      stop.countDown();
      main.interrupt();
    });
    home.create();
    try (var _ = InstanceLock.take(home)) {
      requireFree(config.host(), config.port());
      log(home, config);
      try (var _ = start(home, progress)) {
        progress.line("ready");
        stop.await();
      } catch (InterruptedException e) {
        progress.line("stopping");
      }
    }
  }

  private static Product start(Home home, Progress progress) throws Exception {
    var secrets = new Secrets(home.secrets());
    var settings =
        new EmbeddedPostgres.Settings(
            home.postgres(),
            cache(),
            home.logs().resolve("postgres.log"),
            secrets.get("database-superuser"),
            secrets.get("database-owner"),
            secrets.get("database-app"));
    var postgres = EmbeddedPostgres.start(settings);
    Migrations.run(postgres.jdbcUrl(), EmbeddedPostgres.OWNER, secrets.get("database-owner"));
    return new Product(postgres);
  }

  private static void log(Home home, PosternConfig config) {
    var formatter =
        switch (config.logFormat()) {
          case JSON -> new JsonLines();
          case TEXT -> new TextLines();
        };
    LogFile.install(new BoundedLog(home.logs().resolve("gateway.log"), LOG_LIMIT), formatter);
  }

  private static Path cache() {
    var chosen = System.getenv("POSTERN_CACHE");
    return chosen == null || chosen.isBlank()
        ? Path.of(System.getProperty("user.home"), ".cache", "postern")
        : Path.of(chosen);
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
              + "). Choose with --port N");
    }
  }

  @Override
  public void close() {
    postgres.close();
  }
}
