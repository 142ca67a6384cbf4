package dev.postern.runners.grammar;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Patterns for the values of {@code format}; each matches some of the format's texts, and only
 * those.
 */
final class StringFormats {
  private static final String DATE =
      "[12]\\d{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])"
          + "|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))";
  private static final String TIME =
      "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|\\+(?:0\\d|1[0-3]):[0-5]\\d|-(?:0[1-9]|1[01]):[0-5]\\d)";
  private static final String LABEL = "[a-z0-9](?:[a-z0-9-]{0,20}[a-z0-9])?";
  private static final String HOST = LABEL + "(?:\\." + LABEL + "){0,4}";
  private static final String DOMAIN = LABEL + "(?:\\." + LABEL + "){0,3}\\.[a-z]{2,12}";
  private static final String BYTE = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

  private static final Map<String, String> PATTERNS =
      Map.of(
          "date",
          DATE,
          "time",
          TIME,
          "date-time",
          DATE + "T" + TIME,
          "duration",
          "P(?:\\d{1,4}W|\\d{1,4}D(?:T\\d{1,4}H)?|T\\d{1,4}[HMS])",
          "email",
          "[A-Za-z0-9_+-]{1,20}(?:\\.[A-Za-z0-9_+-]{1,20}){0,2}@" + DOMAIN,
          "hostname",
          HOST,
          "ipv4",
          BYTE + "(?:\\." + BYTE + "){3}",
          "ipv6",
          "[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}",
          "uuid",
          "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
          "uri",
          "https?://" + DOMAIN + "(?::\\d{2,4})?(?:/[A-Za-z0-9._~-]{0,40}){0,8}");

  private StringFormats() {}

  static @Nullable String pattern(String format) {
    String pattern = PATTERNS.get(format);
    return pattern == null ? null : "^" + pattern + "$";
  }

  static Set<String> names() {
    return new TreeSet<>(PATTERNS.keySet());
  }
}
