package dev.postern.ops;

import dev.postern.runners.importer.ImportProgress;
import java.util.Locale;

/** Draws how far a fetch or an import has come: a line at its begin and then one a second. */
public final class ImportBar implements ImportProgress {
  private static final long PERIOD_NANOS = 1_000_000_000;
  private static final int WIDTH = 24;

  private final Progress progress;
  private final String model;
  private long last = System.nanoTime() - PERIOD_NANOS / 2;

  public ImportBar(Progress progress, String model) {
    this.progress = progress;
    this.model = model;
  }

  @Override
  public void at(Phase phase, long done, long total) {
    long now = System.nanoTime();
    if (now - last < PERIOD_NANOS) {
      return;
    }
    last = now;
    var what =
        switch (phase) {
          case DOWNLOAD -> "Fetching ";
          case IDENTIFY -> "Reading ";
          case CONVERT -> "Importing ";
          case SEAL -> "Sealing ";
        };
    progress.line(what + model + "  " + bar(done, total));
  }

  private static String bar(long done, long total) {
    if (total <= 0) {
      return String.format(Locale.ROOT, "%.1f MB", done / 1e6);
    }
    int filled = (int) Math.min(WIDTH, WIDTH * done / total);
    return String.format(
        Locale.ROOT,
        "[%s%s] %3d %%  %.0f of %.0f MB",
        "#".repeat(filled),
        ".".repeat(WIDTH - filled),
        Math.min(100, 100 * done / total),
        done / 1e6,
        total / 1e6);
  }
}
