package dev.postern.ops.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * One real server after the other on one folder; unpacked programs are shared between the tests.
 */
@Timeout(180)
class EmbeddedPostgresIT {
  @TempDir static Path cache;
  @TempDir static Path shared;

  @Test
  void keepsDataAndPortFromStartToStart() throws Exception {
    int port;
    try (var postgres = start()) {
      port = postgres.port();
      execute(postgres, "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS value");
    }
    try (var postgres = start()) {
      assertThat(postgres.port()).isEqualTo(port);
      assertThat(value(postgres, "SELECT value FROM kept")).isEqualTo("42");
    }
  }

  @Test
  void isDurableAndListensOnTheLoopbackAddressAlone() throws Exception {
    try (var postgres = start()) {
      assertThat(value(postgres, "SHOW fsync")).isEqualTo("on");
      assertThat(value(postgres, "SHOW synchronous_commit")).isEqualTo("on");
      assertThat(value(postgres, "SHOW full_page_writes")).isEqualTo("on");
      assertThat(value(postgres, "SHOW listen_addresses")).isEqualTo("127.0.0.1");
    }
  }

  @Test
  void givesTheApplicationARoleThatCannotBypassRowSecurity() throws Exception {
    try (var postgres = start();
        var connection =
            DriverManager.getConnection(
                postgres.jdbcUrl(), EmbeddedPostgres.APPLICATION, "application")) {
      var roles =
          "SELECT string_agg(rolname, ',' ORDER BY rolname) FROM pg_roles"
              + " WHERE rolcanlogin AND NOT rolsuper AND NOT rolbypassrls AND NOT rolcreaterole";
      assertThat(value(connection, roles)).isEqualTo("postern,postern_app");
      assertThatThrownBy(() -> value(connection, "CREATE TABLE mine (id int)"))
          .isInstanceOf(SQLException.class);
    }
  }

  @Test
  void startsAKilledServerAgainWithAllThatWasCommitted() throws Exception {
    try (var postgres = start()) {
      execute(postgres, "CREATE TABLE IF NOT EXISTS kept AS SELECT 42 AS value");
      var killed = ProcessHandle.of(postgres.pid()).orElseThrow();

      killed.destroyForcibly();
      killed.onExit().get(10, TimeUnit.SECONDS);

      assertThat(valueWhenBack(postgres, "SELECT value FROM kept")).isEqualTo("42");
      assertThat(postgres.pid()).isNotEqualTo(killed.pid());
    }
  }

  @Test
  void choosesAnotherPortWhenItsOwnIsTaken() throws Exception {
    int port;
    try (var postgres = start()) {
      port = postgres.port();
    }
    try (var _ = new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
        var postgres = start()) {
      assertThat(postgres.port()).isNotEqualTo(port);
    }
  }

  @Test
  void startsOverAfterACrashWhileTheDatabaseWasMade(@TempDir Path home) throws Exception {
    var half = home.resolve("postgres").resolve("18.new");
    Files.createDirectories(half.resolve("base"));
    Files.writeString(half.resolve("PG_VERSION"), "18");
    // A home that other users cannot enter, such as one below /root, works for root too.
    Files.setPosixFilePermissions(home, PosixFilePermissions.fromString("rwx------"));

    try (var postgres = start(home)) {
      assertThat(value(postgres, "SELECT 1")).isEqualTo("1");
    }
    assertThat(half).doesNotExist();
  }

  @Test
  void ignoresAPidFileWhoseNumberBelongsToAnotherProgramByNow() throws Exception {
    var pidFile = shared.resolve("postgres/18/postmaster.pid");
    String running;
    try (var _ = start()) {
      running = Files.readString(pidFile);
    }
    Files.writeString(pidFile, running.replaceFirst("\\d+", "" + ProcessHandle.current().pid()));

    try (var postgres = start()) {
      assertThat(value(postgres, "SELECT 1")).isEqualTo("1");
    }
  }

  private static EmbeddedPostgres start() throws IOException, InterruptedException {
    return start(shared);
  }

  private static EmbeddedPostgres start(Path home) throws IOException, InterruptedException {
    return EmbeddedPostgres.start(
        new EmbeddedPostgres.Settings(
            home.resolve("postgres"),
            cache,
            home.resolve("postgres.log"),
            "superuser",
            "owner",
            "application"));
  }

  private static void execute(EmbeddedPostgres postgres, String sql) throws SQLException {
    try (var connection = asOwner(postgres);
        var statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static String value(EmbeddedPostgres postgres, String sql) throws SQLException {
    try (var connection = asOwner(postgres)) {
      return value(connection, sql);
    }
  }

  private static String value(Connection connection, String sql) throws SQLException {
    try (var statement = connection.createStatement();
        var rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getString(1);
    }
  }

  /** Tries until the server takes connections; the test's time limit ends it. */
  private static String valueWhenBack(EmbeddedPostgres postgres, String sql) {
    while (true) {
      try {
        return value(postgres, sql);
      } catch (SQLException e) {
        Thread.onSpinWait();
      }
    }
  }

  private static Connection asOwner(EmbeddedPostgres postgres) throws SQLException {
    return DriverManager.getConnection(postgres.jdbcUrl(), EmbeddedPostgres.OWNER, "owner");
  }
}
