package dev.postern.runners.engine;

/**
 * The keys and values of all rows, and of blocks that are set aside. Rows lie one after the other,
 * so that any stretch of them is one tensor a layer; each tensor serves as past and as present, so
 * attention appends in place.
 */
interface KvMemory extends AutoCloseable {

  /** Copies the first {@code length} positions of a row over another. */
  void copy(int from, int to, int length);

  /** Copies the positions from {@code from} on into a block. */
  void save(int row, int from, int block);

  /** Copies a block over a row's positions from {@code to} on. */
  void load(int block, int row, int to);

  /** Says that a block's contents are no longer needed. */
  void drop(int block);

  /** Says that a row's contents are no longer needed. */
  void release(int row);

  @Override
  void close();

  /**
   * The sizes that all implementations need.
   *
   * @param capacity positions a row has memory for, whole blocks
   * @param blocks how many may be set aside
   * @param elementBytes of one number
   */
  record Shape(
      int layers,
      int keyValueHeads,
      int headWidth,
      int capacity,
      int rows,
      int blocks,
      int elementBytes) {
    private static final int LEAST_BLOCK = 16;
    private static final int PAGE = 4096;

    /** The least number of positions, of which a head's stretch fills whole pages. */
    static int blockTokens(int headWidth, int elementBytes) {
      int positionBytes = headWidth * elementBytes;
      int unit = PAGE;
      while (unit > 1 && unit / 2 * positionBytes % PAGE == 0) {
        unit /= 2;
      }
      return Math.max(LEAST_BLOCK, unit);
    }

    static long bytesPerToken(int layers, int keyValueHeads, int headWidth, int elementBytes) {
      return 2L * layers * keyValueHeads * headWidth * elementBytes;
    }

    int blockTokens() {
      return blockTokens(headWidth, elementBytes);
    }

    /** Bytes of one head's position. */
    long positionBytes() {
      return (long) headWidth * elementBytes;
    }

    /** Bytes of one row's keys, or values, in one layer. */
    long rowBytes() {
      return keyValueHeads * capacity * positionBytes();
    }

    /** Bytes of all rows' keys, or values, in one layer. */
    long slabBytes() {
      return rows * rowBytes();
    }

    /** Keys and values of all layers. */
    int slabs() {
      return 2 * layers;
    }

    long blockBytes() {
      return blockTokens() * bytesPerToken();
    }

    /**
     * Where a position of one head lies from the first byte of all rows on. Slabs are keys and
     * values in turn, layer by layer.
     */
    long offset(int slab, int row, int head, int position) {
      return slab * slabBytes()
          + row * rowBytes()
          + ((long) head * capacity + position) * positionBytes();
    }

    long bytesPerToken() {
      return bytesPerToken(layers, keyValueHeads, headWidth, elementBytes);
    }

    long[] tensor(int count) {
      return new long[] {count, keyValueHeads, capacity, headWidth};
    }
  }

  static String past(int layer, boolean key) {
    return "past_key_values." + layer + (key ? ".key" : ".value");
  }

  static String present(int layer, boolean key) {
    return "present." + layer + (key ? ".key" : ".value");
  }
}
