package dev.postern.ops.cli;

import dev.postern.ops.Progress;
import dev.postern.runners.quality.StudyProgress;
import java.util.Locale;

/** Shows the steps of work on a model's formats: a line at the begin of each, then one a second. */
final class StudyBar implements StudyProgress {
  private static final long PERIOD_NANOS = 1_000_000_000;

  private final StudyProgress shown;
  private String step = "";
  private long last;

  /**
   * @param shown gets what is left: the begin of each step and one report a second
   */
  StudyBar(StudyProgress shown) {
    this.shown = shown;
  }

  /** For a person. */
  static StudyBar on(Progress progress) {
    return new StudyBar((step, share) ->
        progress.line(String.format(Locale.ROOT, "%s  %3.0f %%", step, 100 * share)));
  }

  @Override
  public void at(String current, double share) {
    long now = System.nanoTime();
    if (current.equals(step) && now - last < PERIOD_NANOS) {
      return;
    }
    step = current;
    last = now;
    shown.at(current, share);
  }
}
