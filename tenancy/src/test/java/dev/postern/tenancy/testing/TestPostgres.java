package dev.postern.tenancy.testing;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A migrated database for each test class, cloned from a template; PostgreSQL itself starts once a
 * JVM. Use it as a static field with {@link RegisterExtension}.
 *
 * <p>Tests act as the application's role, like the product. The owner's pool is for what a test
 * asserts or breaks behind the product's back.
 */
public final class TestPostgres implements BeforeAllCallback, AfterAllCallback {
  public static final String OWNER = "postern";
  public static final String APPLICATION = "postern_app";

  private static final String TEMPLATE = "postern_template";

  /** In the order of dependency, each with a history of its own, as ops runs them. */
  private static final List<String> MODULES = List.of("tenancy", "registry");

  private static final AtomicInteger DATABASES = new AtomicInteger();

  private String database = "";

  @Override
  public void beforeAll(ExtensionContext context) {
    database = "test_" + DATABASES.incrementAndGet();
    Server.execute("CREATE DATABASE " + database + " OWNER postern TEMPLATE " + TEMPLATE);
  }

  @Override
  public void afterAll(ExtensionContext context) {
    Server.execute("DROP DATABASE " + database + " WITH (FORCE)");
  }

  /** How the application's role connects. */
  public PgConnectOptions options() {
    return optionsOf(APPLICATION);
  }

  /** A pool of the application's role. It closes with Vert.x. */
  public Pool pool(Vertx vertx) {
    return poolOf(vertx, options());
  }

  /** A pool of the schema's owner. It closes with Vert.x. */
  public Pool ownerPool(Vertx vertx) {
    return poolOf(vertx, optionsOf(OWNER));
  }

  /** Ends all connections to this database but leaves it running. */
  public void cutConnections() {
    Server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '"
            + database
            + "'");
  }

  /** While unreachable, connections of all but superusers are ended and refused. */
  public void setReachable(boolean reachable) {
    Server.execute("ALTER DATABASE " + database + " CONNECTION LIMIT " + (reachable ? "-1" : "0"));
    if (!reachable) {
      cutConnections();
    }
  }

  /** The future's result, its failure thrown as it is; an error when it takes too long. */
  public static <T> T await(Future<T> future) {
    try {
      return future.await(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("no answer in 20 s", e);
    }
  }

  private PgConnectOptions optionsOf(String user) {
    return new PgConnectOptions()
        .setHost("127.0.0.1")
        .setPort(Server.POSTGRES.getPort())
        .setDatabase(database)
        .setUser(user)
        .setPassword(user)
        .setCachePreparedStatements(true);
  }

  private static Pool poolOf(Vertx vertx, PgConnectOptions options) {
    return Pool.pool(vertx, options, new PoolOptions().setMaxSize(4).setMaxWaitQueueSize(1_000));
  }

  /** The server of this JVM, started by the first class that needs it; zonky stops it at exit. */
  private static final class Server {
    static final EmbeddedPostgres POSTGRES = start();

    private static EmbeddedPostgres start() {
      try {
        var postgres =
            EmbeddedPostgres.builder()
                .setServerConfig("fsync", "off")
                .setServerConfig("full_page_writes", "off")
                .setServerConfig("synchronous_commit", "off")
                .setServerConfig("max_connections", "200")
                .start();
        execute(postgres, "CREATE ROLE postern LOGIN PASSWORD 'postern' NOSUPERUSER NOBYPASSRLS");
        execute(
            postgres,
            "CREATE ROLE postern_app LOGIN PASSWORD 'postern_app' NOSUPERUSER NOBYPASSRLS");
        execute(postgres, "CREATE DATABASE " + TEMPLATE + " OWNER postern");
        for (var module : MODULES) {
          migrate(postgres, module);
        }
        return postgres;
      } catch (IOException e) {
        throw new IllegalStateException("PostgreSQL did not start", e);
      }
    }

    private static void migrate(EmbeddedPostgres postgres, String module) {
      Flyway.configure()
          .dataSource(postgres.getJdbcUrl(OWNER, TEMPLATE), OWNER, OWNER)
          .locations("classpath:db/" + module)
          .table("schema_history_" + module)
          // The other module's tables are there already, without an entry in this history.
          .baselineOnMigrate(true)
          .baselineVersion("0")
          .failOnMissingLocations(false)
          .load()
          .migrate();
    }

    static void execute(String sql) {
      execute(POSTGRES, sql);
    }

    private static void execute(EmbeddedPostgres postgres, String sql) {
      try (var connection = postgres.getPostgresDatabase().getConnection();
          var statement = connection.createStatement()) {
        statement.execute(sql);
      } catch (SQLException e) {
        throw new IllegalStateException(sql, e);
      }
    }
  }
}
