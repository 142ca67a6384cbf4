package dev.postern.gateway.inspect;

import org.jspecify.annotations.Nullable;

/** What a detector says about a stretch of text. */
public sealed interface Scan {

  /**
   * A finding, whatever text may follow.
   *
   * @param end exclusive; with a tail, only where the finding is sure and its tail begins
   * @param tail finds the end of a finding that may be longer than what is held back; null when
   *     {@code end} is final
   */
  record Match(int start, int end, @Nullable Tail tail) implements Scan {
    public static Match closed(int start, int end) {
      return new Match(start, end, null);
    }
  }

  /**
   * No finding in the text so far.
   *
   * @param live the first position where a finding may still start, once more text has come; the
   *     length of the text when there is none
   */
  record Clear(int live) implements Scan {}
}
