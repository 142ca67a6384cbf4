package dev.postern.runners.adapter;

import java.lang.foreign.MemorySegment;

/**
 * The change {@code up · down} of one matrix, laid out for {@link LowRankProduct}.
 *
 * @param first where its outputs begin among those of its site
 * @param lane inputs that lie in each of the {@link #LANES} parts of a row of {@code down}
 * @param down rank rows of LANES · lane numbers; the input's tail is padded with zeros
 * @param up rank rows of {@code outputs} numbers: the matrix by columns
 */
record LowRank(
    int rank,
    int inputs,
    int outputs,
    int first,
    int lane,
    Precision precision,
    MemorySegment down,
    MemorySegment up) {
  /**
   * A row's dot product is summed in so many arrays side by side: the compiler makes vector
   * instructions of loops over several arrays, but not of a sum.
   */
  static final int LANES = 4;

  private static final int WHOLE = 16;

  /** How an adapter's numbers are kept in memory. */
  enum Precision {
    /** 16 bits, for models whose own weights have fewer. */
    HALF(2),
    FLOAT(4);

    private final int bytes;

    Precision(int bytes) {
      this.bytes = bytes;
    }

    int bytes() {
      return bytes;
    }
  }

  /** The lane length for so many inputs: whole vectors. */
  static int lane(int inputs) {
    return (inputs + LANES * WHOLE - 1) / (LANES * WHOLE) * WHOLE;
  }
}
