package dev.postern.runners.engine;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.util.Map;

/**
 * The keys and values of all rows, and of blocks that are set aside. Rows lie one after the other, so that any stretch of them is one
 * tensor a layer; each tensor serves as past and as present, so attention appends in place.
 */
interface KvMemory extends AutoCloseable {

  /**
   * Tensors over rows {@code first} to {@code first + count - 1}. The maps are kept and shared: do
   * not change them.
   */
  View view(int first, int count) throws OrtException;

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
   * @param inputs by the graph's input names
   * @param outputs the same tensors by its output names
   */
  record View(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {}

  /**
   * The sizes that all implementations need.
   *
   * @param capacity positions a row has memory for, whole blocks
   * @param blocks how many may be set aside
   */
  record Shape(int layers, int keyValueHeads, int headWidth, int capacity, int rows, int blocks) {
    private static final int LEAST_BLOCK = 16;
    private static final int PAGE = 4096;

    /** The least number of positions, of which a head's stretch fills whole pages. */
    static int blockTokens(int headWidth) {
      int positionBytes = headWidth * Float.BYTES;
      int unit = PAGE;
      while (unit > 1 && unit / 2 * positionBytes % PAGE == 0) {
        unit /= 2;
      }
      return Math.max(LEAST_BLOCK, unit);
    }

    static long bytesPerToken(int layers, int keyValueHeads, int headWidth) {
      return 2L * layers * keyValueHeads * headWidth * Float.BYTES;
    }

    int blockTokens() {
      return blockTokens(headWidth);
    }

    /** Floats of one row's keys, or values, in one layer. */
    long rowElements() {
      return (long) keyValueHeads * capacity * headWidth;
    }

    long bytesPerToken() {
      return bytesPerToken(layers, keyValueHeads, headWidth);
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
