package dev.postern.runners.importer;

import dev.postern.runners.onnx.Matrix;

/**
 * The weights of a decoder as its graph wants them, whatever file they come from and however that
 * file calls, orders or packs them. Names are these, {@code N} being a layer from 0 on:
 *
 * <pre>
 * embed                          vocabulary × width
 * layer.N.attention_norm         width
 * layer.N.q .k .v                heads · head width × width; keys' and values' heads
 * layer.N.q_bias .k_bias .v_bias optional
 * layer.N.q_norm .k_norm         head width; optional
 * layer.N.o                      width × heads · head width
 * layer.N.post_attention_norm    width; optional
 * layer.N.feed_forward_norm      width
 * layer.N.gate .up               feed-forward width × width
 * layer.N.down                   width × feed-forward width
 * layer.N.post_feed_forward_norm width; optional
 * output_norm                    width
 * head                           vocabulary × width; absent where the embedding serves
 * </pre>
 *
 * A wrapper may change values between the file and the graph. Matrices are read row by row and only
 * while they are converted.
 */
public interface WeightSource {
  /**
   * @throws ImportException when there is none of this name and size
   */
  Matrix matrix(String name, int rows, int columns);

  /**
   * @throws ImportException when there is none of this name and length
   */
  float[] vector(String name, int length);

  /** The name of a layer's weight. */
  static String of(int layer, String weight) {
    return "layer." + layer + "." + weight;
  }
}
