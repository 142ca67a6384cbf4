package dev.postern.runners.engine;

/**
 * How many tokens of a prompt are fed between two steps of the rows that decode: as many as take
 * about a step's time, so that their tokens come at half the usual pace at worst. Where even the
 * smallest worthwhile chunk takes longer, some steps go by without one, so that this holds on the
 * average. All times are measured here, on this machine, with this model.
 */
final class PrefillPace {
  /** Below this a chunk costs nearly as much as one of this size. */
  private static final int LEAST = 8;

  private static final double WEIGHT = 0.25;

  private final int largest;

  /** Nanoseconds of a chunk of 2^i tokens; 0 where none was measured yet. */
  private final double[] chunkNanos;

  private double stepNanos;
  private double owedNanos;

  /**
   * @param largest chunk when nobody decodes
   */
  PrefillPace(int largest) {
    this.largest = largest;
    this.chunkNanos = new double[Integer.SIZE];
  }

  /** Tells what a step of the rows that decode took. */
  void stepped(long nanos) {
    stepNanos = average(stepNanos, nanos);
    owedNanos = Math.max(0, owedNanos - nanos);
  }

  /** Tells what a chunk took. */
  void fed(int tokens, long nanos, boolean othersDecode) {
    int size = Integer.numberOfTrailingZeros(Integer.highestOneBit(tokens));
    if (tokens == 1 << size) {
      chunkNanos[size] = average(chunkNanos[size], nanos);
    }
    owedNanos = othersDecode ? owedNanos + nanos : 0;
  }

  private static double average(double before, double value) {
    return before == 0 ? value : before + WEIGHT * (value - before);
  }

  /** Most tokens to feed in this round; 0 when it is the decoding rows' alone. */
  int chunk(boolean othersDecode) {
    if (!othersDecode) {
      return largest;
    }
    if (owedNanos > 0) {
      return 0;
    }
    int chunk = Math.min(LEAST, largest);
    while (chunk * 2 <= largest && expected(chunk * 2) <= stepNanos) {
      chunk *= 2;
    }
    return chunk;
  }

  /** A chunk takes at most what as many of a smaller one take. */
  private double expected(int tokens) {
    int size = Integer.numberOfTrailingZeros(tokens);
    double expected = Double.POSITIVE_INFINITY;
    for (int smaller = 0; smaller <= size; smaller++) {
      if (chunkNanos[smaller] > 0) {
        expected = Math.min(expected, chunkNanos[smaller] * (1 << (size - smaller)));
      }
    }
    return expected;
  }
}
