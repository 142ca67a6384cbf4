package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** The folder of one installation and where things lie in it. */
public record Home(Path folder) {
  private static final Set<PosixFilePermission> OWNER_FILE =
      PosixFilePermissions.fromString("rw-------");

  public Home {
    folder = folder.toAbsolutePath().normalize();
  }

  /** Makes the folder when it is missing. */
  public void create() throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Files.createDirectories(folder.getParent());
    // Root hands the database to another user, who must be able to pass through.
    boolean root = "root".equals(System.getProperty("user.name"));
    var rights = PosixFilePermissions.fromString(root ? "rwx--x--x" : "rwx------");
    Files.createDirectory(folder, PosixFilePermissions.asFileAttribute(rights));
  }

  public Path config() {
    return folder.resolve("postern.properties");
  }

  public Path secrets() {
    return folder.resolve("secrets");
  }

  public Path postgres() {
    return folder.resolve("postgres");
  }

  public Path logs() {
    return folder.resolve("logs");
  }

  /**
   * What a runner of this machine says.
   *
   * @param number among them, from 0
   */
  public Path runnerLog(int number) {
    return logs().resolve(number == 0 ? "runner.log" : "runner-" + (number + 1) + ".log");
  }

  /** Usage events that wait for PostgreSQL. */
  public Path spool() {
    return folder.resolve("spool");
  }

  /** Models of this home alone. */
  public Path models() {
    return folder.resolve("models");
  }

  /** Adapters of this home's projects. */
  public Path adapters() {
    return folder.resolve("adapters");
  }

  /** Jobs on models, waiting, running and done. */
  public Path jobs() {
    return folder.resolve("jobs.json");
  }

  public Path lock() {
    return folder.resolve("instance.lock");
  }

  public Path bootstrap() {
    return folder.resolve("bootstrap.env");
  }

  public Path consolePassword() {
    return folder.resolve("console-password");
  }

  /** Writes a file that only its owner may read, whole or not at all. */
  public static void writePrivate(Path file, String content) throws IOException {
    var making = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(making);
    Files.createFile(making, PosixFilePermissions.asFileAttribute(OWNER_FILE));
    try (var channel = FileChannel.open(making, StandardOpenOption.WRITE)) {
      var bytes = ByteBuffer.wrap(content.getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(making, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
