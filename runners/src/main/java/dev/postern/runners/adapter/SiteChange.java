package dev.postern.runners.adapter;

import java.util.List;

/**
 * What an adapter adds to one product of the graph: {@code up · down} for each matrix that the
 * product packs, laid out for {@link LowRankProduct}. Ranks of one part are filled up with zeros to
 * whole groups.
 *
 * @param inputs that all parts share
 * @param lane inputs in each of the {@link #LANES} arrays of {@code down}; the last is padded
 * @param ranks of all parts, one after the other
 * @param down {@link #LANES} arrays: for each rank, a lane of its row
 * @param scales what each rank's inner product is multiplied with
 */
record SiteChange(int inputs, int lane, int ranks, Numbers down, float[] scales, List<Part> parts) {
  /** A row of {@code down} is spread over so many arrays, whose sums run side by side. */
  static final int LANES = 4;

  /** So many ranks are added to an output at a time. */
  static final int GROUP = 4;

  private static final int WHOLE = 16;

  /**
   * One matrix of the product.
   *
   * @param first where its outputs begin among the product's
   * @param rank its first one among those of the site
   * @param up an array of {@code outputs} numbers for each rank: the matrix by columns
   */
  record Part(int first, int outputs, int rank, Numbers up) {}

  /** Arrays of numbers in one of the ways to keep them. */
  sealed interface Numbers {
    /** Exactly, for models that are kept in floats. */
    record Floats(float[][] arrays) implements Numbers {}

    /**
     * In eight bits with a scale for each rank, as models are whose own weights have as many.
     * Java's vector instructions read bytes, and no half floats where there is more than one array.
     */
    record Bytes(byte[][] arrays) implements Numbers {}

    /** How many arrays there are. */
    default int count() {
      return switch (this) {
        case Floats(var arrays) -> arrays.length;
        case Bytes(var arrays) -> arrays.length;
      };
    }

    /** Of memory. */
    default long bytes() {
      return switch (this) {
        case Floats(var arrays) -> (long) arrays.length * arrays[0].length * Float.BYTES;
        case Bytes(var arrays) -> (long) arrays.length * arrays[0].length;
      };
    }
  }

  long bytes() {
    return down.bytes() + parts.stream().mapToLong(part -> part.up().bytes()).sum();
  }

  /** The lane length for so many inputs: whole vectors. */
  static int lane(int inputs) {
    return (inputs + LANES * WHOLE - 1) / (LANES * WHOLE) * WHOLE;
  }

  /** A rank filled up to whole groups. */
  static int padded(int rank) {
    return (rank + GROUP - 1) / GROUP * GROUP;
  }
}
