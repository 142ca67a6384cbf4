package dev.postern.gateway.admin;

import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** Text as RFC 4180 has it, safe to open in a spreadsheet. */
final class Csv {
  static final String CONTENT_TYPE = "text/csv; charset=utf-8";

  /** Characters that make a spreadsheet take a cell for a formula. */
  private static final String FORMULA_STARTS = "=+-@\t\r\n";

  private Csv() {}

  /** A row with its line end; null is an empty cell. */
  static String row(@Nullable Object... cells) {
    var row = new StringJoiner(",", "", "\r\n");
    for (var cell : cells) {
      row.add(cell == null ? "" : cell instanceof String text ? text(text) : cell.toString());
    }
    return row.toString();
  }

  private static String text(String text) {
    boolean formula = !text.isEmpty() && FORMULA_STARTS.indexOf(text.charAt(0)) >= 0;
    String safe = formula ? "'" + text : text;
    boolean plain = safe.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }
}
