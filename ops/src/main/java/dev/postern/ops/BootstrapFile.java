package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * {@code bootstrap.env}: what scripts need to use an installation, as shell assignments. Keys are
 * told once, so the file of the first start is where they are found later.
 */
final class BootstrapFile {
  static final String URL = "POSTERN_URL";
  static final String API_KEY = "POSTERN_API_KEY";
  static final String ADMIN_KEY = "POSTERN_ADMIN_KEY";
  static final String MODEL = "POSTERN_MODEL";
  static final String EMBED_MODEL = "POSTERN_EMBED_MODEL";
  static final String DATABASE_URL = "POSTERN_DATABASE_URL";

  private final Path file;
  private final Map<String, String> values = new LinkedHashMap<>();

  private BootstrapFile(Path file) {
    this.file = file;
  }

  /** What an earlier start wrote, or nothing. */
  static BootstrapFile open(Path file) throws IOException {
    var opened = new BootstrapFile(file);
    if (Files.exists(file)) {
      for (var line : Files.readAllLines(file, UTF_8)) {
        int split = line.indexOf('=');
        if (split > 0 && !line.startsWith("#")) {
          opened.values.put(line.substring(0, split), unquote(line.substring(split + 1)));
        }
      }
    }
    return opened;
  }

  Optional<String> get(String name) {
    return Optional.ofNullable(values.get(name));
  }

  void put(String name, String value) {
    values.put(name, value);
  }

  void write() throws IOException {
    var text = new StringBuilder("# Written by ./postern up. Load it with: . " + quote("" + file));
    values.forEach(
        (name, value) -> text.append('\n').append(name).append('=').append(quote(value)));
    Home.writePrivate(file, text.append('\n').toString());
  }

  /** Safe in any POSIX shell, whatever the value holds. */
  static String quote(String value) {
    return "'" + value.replace("'", "'\\''") + "'";
  }

  private static String unquote(String text) {
    boolean quoted = text.length() >= 2 && text.startsWith("'") && text.endsWith("'");
    return quoted ? text.substring(1, text.length() - 1).replace("'\\''", "'") : text;
  }
}
