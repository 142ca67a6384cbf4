package dev.postern.ops;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * Random secrets of one home: each made on first use and kept in a file that its owner can read.
 */
public final class Secrets {
  /** Where the runners' token lies, with the folder of secrets for its one place. */
  static final String RUNNER_TOKEN_SOURCE = "in %s/runner-token, or POSTERN_RUNNER_TOKEN when set";

  private static final int BYTES = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Path folder;

  public Secrets(Path folder) throws IOException {
    this.folder = folder;
    Files.createDirectories(
        folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
  }

  /** What runners want to be shown; machines that work together are given the same one. */
  String runnerToken() throws IOException {
    var given = System.getenv("POSTERN_RUNNER_TOKEN");
    return given == null || given.isBlank() ? get("runner-token") : given.strip();
  }

  /** The secret of this name: 64 hexadecimal digits. */
  public String get(String name) throws IOException {
    var file = folder.resolve(name);
    if (!Files.exists(file)) {
      var bytes = new byte[BYTES];
      RANDOM.nextBytes(bytes);
      Home.writePrivate(file, HexFormat.of().formatHex(bytes) + "\n");
    }
    return Files.readString(file).strip();
  }
}
