package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;

import java.lang.foreign.MemorySegment;

/**
 * A tensor in a mapped model file.
 *
 * @param shape outermost first: a matrix is {rows, columns}, each row lying together
 * @param type how its numbers are kept
 * @param data the tensor's bytes, exactly
 */
public record StoredTensor(String name, long[] shape, GgufType type, MemorySegment data) {
  /** More elements than any file has, whatever their type. */
  private static final long MAX_ELEMENTS = 1L << 40;

  /**
   * How many elements a shape has; checked, as it may come from a file that lies.
   *
   * @param name of the tensor, for the refusal
   */
  static long elements(String name, long[] shape) {
    long elements = 1;
    for (long dimension : shape) {
      if (dimension < 1 || dimension > Integer.MAX_VALUE || elements > MAX_ELEMENTS / dimension) {
        throw malformed("tensor %s has an impossible size".formatted(quoted(name)));
      }
      elements *= dimension;
    }
    return elements;
  }

  public long elements() {
    return elements(name, shape);
  }

  /** The refusal of a file whose tensor is of another shape than its model's dimensions ask for. */
  ImportException misfit() {
    return malformed("tensor %s does not fit the model's dimensions".formatted(quoted(name)));
  }

  /** All its numbers, in order. */
  public float[] floats() {
    float[] values = new float[Math.toIntExact(elements())];
    type.decode(data, 0, values.length, values);
    return values;
  }
}
