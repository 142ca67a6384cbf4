package dev.postern.runners.importer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/** SHA-256 in lower-case hexadecimal. */
public final class Digests {
  private static final int BUFFER = 1 << 18;

  private Digests() {}

  public static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(sha256().digest(bytes));
  }

  /**
   * @param progress told the bytes read so far
   */
  public static String hex(Path file, LongConsumer progress) throws IOException {
    MessageDigest digest = sha256();
    byte[] buffer = new byte[BUFFER];
    long total = 0;
    try (InputStream in = Files.newInputStream(file)) {
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        digest.update(buffer, 0, read);
        total += read;
        progress.accept(total);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  static void check(Path file, String expected) throws IOException {
    String actual = hex(file, done -> {});
    if (!actual.equals(expected)) {
      throw new ImportException(
          new ImportFailure.WrongDigest(file.getFileName().toString(), expected, actual));
    }
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
