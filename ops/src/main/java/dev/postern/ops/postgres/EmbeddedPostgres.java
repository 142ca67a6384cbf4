package dev.postern.ops.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.process.Child;
import dev.postern.ops.process.Command;
import dev.postern.ops.process.Supervisor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A PostgreSQL server with durable settings, as a child of this process. It listens on the loopback
 * address only, at a port that stays the same from start to start, and is started again when it
 * ends unasked.
 */
public final class EmbeddedPostgres implements AutoCloseable {
  private static final String SUPERUSER = "postgres";

  /** Owns the schema and runs the migrations; row-level security holds for it too. */
  public static final String OWNER = "postern";

  /** What the gateway signs in as: row-level security holds for it. */
  public static final String APPLICATION = "postern_app";

  public static final String DATABASE = "postern";

  private static final Logger log = LoggerFactory.getLogger(EmbeddedPostgres.class);
  private static final Duration INITIALISE_LIMIT = Duration.ofMinutes(3);
  private static final Duration START_LIMIT = Duration.ofMinutes(2);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
  private static final int FIRST_ATTEMPTS = 3;

  /** Small memory, full durability: fsync and synchronous_commit keep their default, on. */
  private static final List<String> SETTINGS =
      List.of(
          "listen_addresses=127.0.0.1",
          "unix_socket_directories=",
          "max_connections=40",
          "shared_buffers=32MB",
          "huge_pages=off",
          "max_wal_size=256MB",
          "jit=off",
          // Three idle worker processes less; a database this small reads from the page cache.
          "io_method=sync",
          "max_logical_replication_workers=0",
          "timezone=UTC",
          "log_timezone=UTC",
          "lc_messages=C",
          "log_statement=none",
          // A statement's values could be a prompt's or a key's.
          "log_min_error_statement=panic",
          "log_checkpoints=off");

  private final Path folder;
  private final Path data;
  private final Path binaries;
  private final RunAs runAs;
  private final BoundedLog output;
  private final Supervisor supervisor;
  private int port;

  /**
   * @param folder where the data lives; made when missing
   * @param cache where unpacked programs are shared between homes
   * @param log receives the server's log
   * @param superuserPassword for an operator's own work; nothing here signs in with it
   * @param ownerPassword password of {@link #OWNER}, used when the database is made
   * @param applicationPassword password of {@link #APPLICATION}, used when the database is made
   */
  public record Settings(
      Path folder,
      Path cache,
      Path log,
      String superuserPassword,
      String ownerPassword,
      String applicationPassword) {

    /** Whether starting also unpacks or makes the database, which takes seconds. */
    public boolean firstStart() {
      return !PostgresBinaries.unpacked(cache) || !Files.exists(dataFolder(folder));
    }
  }

  private EmbeddedPostgres(Settings settings) throws IOException, InterruptedException {
    folder = settings.folder().toAbsolutePath();
    binaries = PostgresBinaries.in(settings.cache().toAbsolutePath());
    data = dataFolder(folder);
    Files.createDirectories(folder);
    runAs = RunAs.choose(binaries, folder);
    output = new BoundedLog(settings.log(), 5L << 20);
    if (!Files.exists(data)) {
      initialise(settings);
    }
    port = keptPort();
    supervisor = new Supervisor(new Server(), output, FIRST_ATTEMPTS);
  }

  /** Starts the server, making the database first where there is none. Returns when it serves. */
  public static EmbeddedPostgres start(Settings settings) throws IOException, InterruptedException {
    var postgres = new EmbeddedPostgres(settings);
    try {
      postgres.supervisor.start().get(FIRST_ATTEMPTS * START_LIMIT.toSeconds(), TimeUnit.SECONDS);
      return postgres;
    } catch (ExecutionException e) {
      postgres.close();
      throw new IOException(e.getMessage(), e);
    } catch (TimeoutException e) {
      postgres.close();
      throw new IOException("PostgreSQL did not start, see " + postgres.output.file(), e);
    }
  }

  public int port() {
    return port;
  }

  /** The server's process id, or -1 while it is being started again. */
  public long pid() {
    return supervisor.pid();
  }

  public boolean ready() {
    return supervisor.ready();
  }

  /** How PostgreSQL is kept from running as root, for the log. */
  public String runsAs() {
    return runAs.description();
  }

  public String jdbcUrl() {
    return "jdbc:postgresql://127.0.0.1:" + port + "/" + DATABASE;
  }

  /** A libpq address of the database as {@code role}. */
  public String url(String role, String password) {
    return "postgresql://" + role + ":" + password + "@127.0.0.1:" + port + "/" + DATABASE;
  }

  /** Fast shutdown: open transactions roll back, all that was committed is on disk. */
  @Override
  public void close() {
    supervisor.close();
    output.close();
  }

  private static Path dataFolder(Path folder) {
    return folder.resolve(PostgresBinaries.MAJOR);
  }

  private String program(String name) {
    return binaries.resolve("bin").resolve(name).toString();
  }

  /** Made aside and moved when whole: a crash half way leaves no half database. */
  private void initialise(Settings settings) throws IOException, InterruptedException {
    var making = folder.resolve(PostgresBinaries.MAJOR + ".new");
    var password = folder.resolve("password.new");
    Folders.delete(making);
    Files.deleteIfExists(password);
    Files.createFile(
        password,
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try {
      Files.writeString(password, settings.superuserPassword() + "\n");
      Folders.give(password, runAs.owner());
      Command.of(
              runAs.prefix(),
              program("initdb"),
              "--pgdata=" + making,
              "--username=" + SUPERUSER,
              "--pwfile=" + password,
              "--auth=scram-sha-256",
              "--encoding=UTF8",
              // Built in, so it does not depend on the machine's installed locales.
              "--locale-provider=builtin",
              "--builtin-locale=C.UTF-8",
              "--locale=C",
              "--data-checksums")
          .require("", INITIALISE_LIMIT);
    } finally {
      Files.deleteIfExists(password);
    }
    // Single-user mode reads one command a line.
    var statements =
        """
        CREATE ROLE %4$s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '%5$s'
        CREATE ROLE %1$s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD '%2$s'
        CREATE DATABASE %3$s OWNER %4$s
        REVOKE ALL ON DATABASE %3$s FROM PUBLIC
        GRANT CONNECT ON DATABASE %3$s TO %1$s
        """
            .formatted(
                APPLICATION,
                settings.applicationPassword(),
                DATABASE,
                OWNER,
                settings.ownerPassword());
    Command.of(
            runAs.prefix(),
            program("postgres"),
            "--single",
            "-D",
            making.toString(),
            "-c",
            "exit_on_error=on",
            "postgres")
        .require(statements, INITIALISE_LIMIT);
    Files.move(making, data, StandardCopyOption.ATOMIC_MOVE);
  }

  private int keptPort() throws IOException {
    var file = folder.resolve("port");
    try {
      int kept = Integer.parseInt(Files.readString(file).strip());
      if (free(kept)) {
        return kept;
      }
      log.info("port {} of the database is taken by another program: choosing another", kept);
    } catch (NoSuchFileException | NumberFormatException e) {
      // First start, or a file that a full disk left empty.
    }
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Files.writeString(file, socket.getLocalPort() + "\n");
      return socket.getLocalPort();
    }
  }

  private static boolean free(int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException | IllegalArgumentException e) {
      return false;
    }
  }

  /**
   * When a killed JVM's server is still there (no parent-death signal, or still shutting down):
   * ends it, or PostgreSQL refuses the data folder.
   */
  private void endOrphan() throws IOException, InterruptedException {
    long pid;
    try (var lines = Files.lines(data.resolve("postmaster.pid"), UTF_8)) {
      pid = Long.parseLong(lines.findFirst().orElse("").strip());
    } catch (NoSuchFileException | NumberFormatException e) {
      return;
    }
    var process = ProcessHandle.of(pid).filter(ProcessHandle::isAlive);
    if (process.isEmpty()) {
      return;
    }
    boolean zombie = process.get().info().command().isEmpty() && workingFolder(pid).isEmpty();
    if (!zombie) {
      if (!workingFolder(pid).equals(data.toRealPath().toString())) {
        return; // The number went to a program of somebody else; PostgreSQL sees that too.
      }
      log.info("ending the PostgreSQL process {} that an earlier run left", pid);
      stopServer();
    }
    try {
      // A zombie still blocks the start: PostgreSQL asks only whether the number exists.
      process.get().onExit().get(STOP_LIMIT.toSeconds(), TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw new IOException("the PostgreSQL process " + pid + " of an earlier run does not end", e);
    }
  }

  /** Empty when it cannot be read. */
  private String workingFolder(long pid) throws IOException, InterruptedException {
    var link = Path.of("/proc", Long.toString(pid), "cwd");
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      // In a container root may not look at another user's process, but that user may.
      var result = Command.of(runAs.prefix(), "readlink", link.toString()).run(STOP_LIMIT);
      return result.succeeded() ? result.output().strip() : "";
    }
  }

  private void stopServer() throws IOException, InterruptedException {
    Command.of(
            runAs.prefix(),
            program("pg_ctl"),
            "stop",
            "--pgdata=" + data,
            "--mode=fast",
            "--wait",
            "--timeout=" + STOP_LIMIT.toSeconds())
        .run(STOP_LIMIT.plusSeconds(5));
  }

  private final class Server implements Child {
    @Override
    public String name() {
      return "PostgreSQL";
    }

    @Override
    public ProcessBuilder command() throws IOException, InterruptedException {
      endOrphan();
      var words = new ArrayList<String>();
      if (Command.onPath("setsid")) {
        // Ctrl-C reaches a terminal's whole process group; the gateway stops before its database.
        words.add("setsid");
      }
      words.addAll(runAs.prefix());
      words.addAll(List.of(program("postgres"), "-D", data.toString(), "-p", "" + port));
      SETTINGS.forEach(setting -> {
        words.add("-c");
        words.add(setting);
      });
      var builder = new ProcessBuilder(words);
      builder.environment().keySet().removeIf(name -> name.startsWith("PG"));
      return builder;
    }

    @Override
    public boolean saysReady(String line) {
      return line.endsWith("database system is ready to accept connections");
    }

    @Override
    public void onReady() {
      log.info("PostgreSQL serves on port {} ({})", port, runAs.description());
    }

    @Override
    public void onDown(int exit) {
      // The connection pools wait and connect again by themselves.
    }

    @Override
    public void requestStop(Process process) throws IOException, InterruptedException {
      stopServer();
    }

    @Override
    public Duration startLimit() {
      return START_LIMIT;
    }

    @Override
    public Duration stopLimit() {
      return STOP_LIMIT;
    }
  }
}
