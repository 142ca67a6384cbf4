package dev.postern.ops.cli;

import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.quality.QualityRow;
import dev.postern.runners.quality.StoredFormats;
import java.io.PrintWriter;
import java.util.Locale;

/** Prints the formats of a model with what was measured of each. */
final class FormatTable {
  private static final String HEAD = "  %-14s %9s %9s %9s %9s %11s %10s%n";
  private static final String LINE = "%s %-14s %9.1f %9.1f %9.1f %9.4f %5.3f%+6.2f%% %9.2f%%%n";

  private FormatTable() {}

  static void head(PrintWriter out) {
    out.printf(HEAD, "FORMAT", "MB", "1 ROW", "8 ROWS", "KL", "PERPLEXITY", "AGREEMENT");
  }

  /**
   * @param mark a letter before the line
   */
  static void line(PrintWriter out, String mark, QualityRow row) {
    out.printf(
        Locale.ROOT,
        LINE,
        mark,
        row.format(),
        row.bytes() / 1e6,
        row.speed(),
        row.speedOfEight(),
        row.divergence(),
        row.perplexity(),
        100 * row.perplexityChange(),
        100 * row.agreement());
  }

  /**
   * @param why it is served as it is
   */
  static void all(PrintWriter out, StoredFormats stored, ModelFolder served, String why) {
    head(out);
    for (var format : stored.formats()) {
      var mark = format.folder().digest().equals(served.digest()) ? "*" : " ";
      format
          .row()
          .ifPresentOrElse(
              row -> line(out, mark, row),
              () ->
                  out.printf(
                      Locale.ROOT,
                      "%s %-14s %9.1f  not measured%n",
                      mark,
                      format.folder().manifest().weights(),
                      format.folder().manifest().bytes() / 1e6));
    }
    out.println("  Rows are tokens a second of one core; KL in nats from the floats.");
    out.println("  * served: " + why);
    stored
        .best()
        .ifPresent(best -> out.println("  best: " + best.row().format() + ", " + best.why()));
  }
}
