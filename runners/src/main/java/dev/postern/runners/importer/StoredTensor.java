package dev.postern.runners.importer;

import java.lang.foreign.MemorySegment;

/**
 * A tensor in a mapped model file.
 *
 * @param shape outermost first: a matrix is {rows, columns}, each row lying together
 * @param type how its numbers are kept
 * @param data the tensor's bytes, exactly
 */
public record StoredTensor(String name, long[] shape, GgufType type, MemorySegment data) {
  public long elements() {
    long product = 1;
    for (long dimension : shape) {
      product *= dimension;
    }
    return product;
  }

  /** All its numbers, in order. */
  public float[] floats() {
    float[] values = new float[Math.toIntExact(elements())];
    type.decode(data, 0, values.length, values);
    return values;
  }
}
