package dev.postern.runners.engine;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.util.Map;

/**
 * The keys and values of all rows. Rows lie one after the other, so that any stretch of them is one
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

  /** Says that a row's contents are no longer needed. */
  void release(int row);

  @Override
  void close();

  /**
   * @param inputs by the graph's input names
   * @param outputs the same tensors by its output names
   */
  record View(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {}

  /** The sizes that all implementations need. */
  record Shape(int layers, int keyValueHeads, int headWidth, int context, int rows) {
    /** Floats of one row's keys, or values, in one layer. */
    long rowElements() {
      return (long) keyValueHeads * context * headWidth;
    }

    long bytesPerToken() {
      return 2L * layers * keyValueHeads * headWidth * Float.BYTES;
    }

    long[] tensor(int count) {
      return new long[] {count, keyValueHeads, context, headWidth};
    }
  }

  static String past(int layer, boolean key) {
    return "past_key_values." + layer + (key ? ".key" : ".value");
  }

  static String present(int layer, boolean key) {
    return "present." + layer + (key ? ".key" : ".value");
  }
}
