package dev.postern.runners.engine;

/**
 * How a decoder divides its memory, settled before any of it is taken, so that nothing that is
 * asked of it later can exceed {@link EngineConfig#cacheBytes}: first what every step reads and
 * writes (ids, mask and logits), then keys and values with all that is left.
 *
 * @param context most positions of a row: the model's, or what all the memory holds
 * @param maxTokens positions that rows and blocks may hold together, whole blocks
 * @param maxScored most positions of one call whose logits are all kept
 */
record Room(KvMemory.Shape shape, int context, long maxTokens, int maxScored) {
  private static final int MAX_SCORED = 32;
  private static final int LEAST_SCORED = 4;

  /** Logits of scored prompts may take one part in so many of the memory. */
  private static final int SCORED_SHARE = 8;

  /** Of a device's memory, so many parts in so many are for rows. */
  private static final int DEVICE_ROW_PARTS = 3;

  private static final int DEVICE_PARTS = 4;

  /**
   * @param cacheShape of one layer's keys in the graph: [rows, heads, positions, width]
   * @throws IllegalArgumentException when the memory is too small for the shortest row
   */
  static Room of(
      EngineConfig config, int modelContext, int vocabulary, int layers, long[] cacheShape) {
    int heads = (int) cacheShape[1];
    int width = (int) cacheShape[3];
    int block = KvMemory.Shape.blockTokens(width, Float.BYTES);
    long bytesPerToken = KvMemory.Shape.bytesPerToken(layers, heads, width, Float.BYTES);
    long positionLogits = (long) vocabulary * Float.BYTES;
    int scored =
        Math.clamp(config.cacheBytes() / SCORED_SHARE / positionLogits, LEAST_SCORED, MAX_SCORED);
    int context = Math.min(modelContext, config.maxContext());
    // One tensor, and one buffer of ours, must stay below 2 GiB.
    long rowBytes = (long) heads * width * Float.BYTES * roundUp(context, block);
    long rows = Math.clamp(Integer.MAX_VALUE / rowBytes, 1, config.maxRows());
    rows = Math.min(rows, Math.max(1, Integer.MAX_VALUE / positionLogits));
    long steps =
        Math.max(rows, scored) * positionLogits
            + maskBytes(rows, roundUp(context, block))
            + idBytes(rows, config.prefillChunk());
    long blocks = Math.max(0, config.cacheBytes() - steps) / (bytesPerToken * block);
    if (blocks == 0) {
      throw new IllegalArgumentException(
          "a cache of %d bytes is too small for this model: it takes %d and %d for each %d tokens"
              .formatted(config.cacheBytes(), steps, bytesPerToken * block, block));
    }
    context = (int) Math.min(context, blocks * block);
    rows = Math.min(rows, blocks);
    var shape =
        new KvMemory.Shape(
            layers,
            heads,
            width,
            (int) roundUp(context, block),
            (int) rows,
            (int) Math.min(blocks, Integer.MAX_VALUE),
            Float.BYTES);
    return new Room(shape, context, blocks * block, scored);
  }

  /**
   * For a device, whose memory is taken at once and holds keys and values only: rows have their
   * full context, as many of them as fit into three quarters of it; the rest holds blocks.
   *
   * @param elementBytes of a number in the cache
   * @throws IllegalArgumentException when the memory is too small for the shortest row
   */
  static Room onDevice(
      EngineConfig config, int modelContext, int layers, long[] cacheShape, int elementBytes) {
    int heads = (int) cacheShape[1];
    int width = (int) cacheShape[3];
    int block = KvMemory.Shape.blockTokens(width, elementBytes);
    long blockBytes = KvMemory.Shape.bytesPerToken(layers, heads, width, elementBytes) * block;
    long blocks = Math.min(config.cacheBytes() / blockBytes, Integer.MAX_VALUE / block);
    if (blocks == 0) {
      throw new IllegalArgumentException(
          "a cache of %d bytes is too small for this model: it takes %d for each %d tokens"
              .formatted(config.cacheBytes(), blockBytes, block));
    }
    int context = (int) Math.min(Math.min(modelContext, config.maxContext()), blocks * block);
    long rowBlocks = roundUp(context, block) / block;
    long rows =
        Math.clamp(blocks / DEVICE_PARTS * DEVICE_ROW_PARTS / rowBlocks, 1, config.maxRows());
    long spare = blocks - rows * rowBlocks;
    var shape =
        new KvMemory.Shape(
            layers, heads, width, (int) (rowBlocks * block), (int) rows, (int) spare, elementBytes);
    return new Room(shape, context, blocks * block, MAX_SCORED);
  }

  private static long roundUp(long count, int unit) {
    return (count + unit - 1) / unit * unit;
  }

  static long idBytes(long rows, int prefillChunk) {
    return Math.max(rows, prefillChunk) * Long.BYTES;
  }

  static long maskBytes(long rows, long positions) {
    return rows * positions * Long.BYTES;
  }

  long logitBytes(int vocabulary) {
    return (long) Math.max(shape.rows(), maxScored) * vocabulary * Float.BYTES;
  }
}
