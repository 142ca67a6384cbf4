package dev.postern.runners.ort;

import java.lang.foreign.MemorySegment;

/** Copies memory of one device within it. */
public interface MemoryCopy {
  /** For the processor's memory. */
  MemoryCopy PROCESSOR =
      new MemoryCopy() {
        @Override
        public void copy(long from, long fromPitch, long to, long toPitch, long width, long rows) {
          for (long row = 0; row < rows; row++) {
            MemorySegment.copy(
                OrtApi.MEMORY, from + row * fromPitch, OrtApi.MEMORY, to + row * toPitch, width);
          }
        }

        @Override
        public void await() {
          // All is done when copy returns.
        }
      };

  /**
   * Begins to copy {@code rows} stretches of {@code width} bytes, which lie {@code fromPitch} and
   * {@code toPitch} bytes apart. Source and target do not overlap.
   */
  void copy(long from, long fromPitch, long to, long toPitch, long width, long rows);

  /** Waits until everything has been copied. */
  void await();
}
