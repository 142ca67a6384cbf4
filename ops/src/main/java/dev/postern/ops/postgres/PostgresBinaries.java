package dev.postern.ops.postgres;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.tukaani.xz.XZInputStream;

/** PostgreSQL's programs, unpacked once per user and shared by every home. */
final class PostgresBinaries {
  static final String VERSION = "18.6.0";

  /** The data folder's name: a new major version cannot read the old one's files. */
  static final String MAJOR = "18";

  private PostgresBinaries() {}

  static boolean unpacked(Path cache) {
    return Files.isDirectory(folder(cache));
  }

  /**
   * Unpacks on first use. Returns the folder that holds {@code bin}, {@code lib}, {@code share}.
   */
  static Path in(Path cache) throws IOException {
    var target = folder(cache);
    if (Files.isDirectory(target)) {
      return target;
    }
    Files.createDirectories(cache);
    var unpacking = Files.createTempDirectory(cache, "unpacking-postgres-");
    try (var archive = archive()) {
      Files.setPosixFilePermissions(unpacking, PosixFilePermissions.fromString("rwxr-xr-x"));
      unpack(archive, unpacking);
      moveInto(unpacking, target);
    } finally {
      Folders.delete(unpacking);
    }
    return target;
  }

  private static Path folder(Path cache) {
    return cache.resolve("postgres-" + VERSION + "-" + System.getProperty("os.arch"));
  }

  private static InputStream archive() throws IOException {
    var machine =
        switch (System.getProperty("os.arch")) {
          case "amd64", "x86_64" -> "x86_64";
          case "aarch64" -> "arm_64";
          case String other -> other;
        };
    var name = "/postgres-linux-" + machine + ".txz";
    var resource = PostgresBinaries.class.getResourceAsStream(name);
    if (resource == null) {
      throw new IOException(
          "no PostgreSQL for this kind of machine (" + machine + ") is packed with Postern");
    }
    return resource;
  }

  /** Another Postern may have unpacked the same in the meantime; then its copy is used. */
  private static void moveInto(Path unpacked, Path target) throws IOException {
    try {
      Files.move(unpacked, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!Files.isDirectory(target)) {
        throw e;
      }
    }
  }

  private static void unpack(InputStream archive, Path folder) throws IOException {
    try (var tar =
        new TarArchiveInputStream(new XZInputStream(new BufferedInputStream(archive, 1 << 16)))) {
      for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        var path = folder.resolve(entry.getName()).normalize();
        if (!path.startsWith(folder)) {
          throw new IOException("the PostgreSQL archive names a file outside: " + entry.getName());
        }
        write(tar, entry, path);
      }
    }
  }

  private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path path)
      throws IOException {
    if (entry.isDirectory()) {
      Files.createDirectories(path);
      // Root drops to another user before it runs these, who must be able to read them.
      Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
      return;
    }
    Files.createDirectories(path.getParent());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(path, Path.of(entry.getLinkName()));
      return;
    }
    Files.copy(tar, path);
    boolean executable = (entry.getMode() & 0100) != 0;
    Files.setPosixFilePermissions(
        path, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
  }
}
