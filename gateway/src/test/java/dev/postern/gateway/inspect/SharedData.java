package dev.postern.gateway.inspect;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * Labelled data that is not part of the repository: {@code shared/data} in a folder above, or the
 * folder that POSTERN_TEST_DATA names.
 */
final class SharedData {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SharedData() {}

  /** The lines of a file of JSON lines; skips the test where there is none. */
  static List<JsonNode> lines(String file) {
    Path path = folder().resolve(file);
    Assumptions.assumeTrue(
        Files.exists(path),
        "skipped: no " + file + " in shared/data above this folder nor in $POSTERN_TEST_DATA");
    try (var lines = Files.lines(path)) {
      return lines.map(SharedData::parse).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Path folder() {
    String named = System.getenv("POSTERN_TEST_DATA");
    if (named != null) {
      return Path.of(named);
    }
    Path folder = Path.of("").toAbsolutePath();
    while (folder.getParent() != null && !Files.isDirectory(folder.resolve("shared/data"))) {
      folder = folder.getParent();
    }
    return folder.resolve("shared/data");
  }

  private static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
