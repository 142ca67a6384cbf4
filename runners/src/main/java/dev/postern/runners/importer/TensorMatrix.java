package dev.postern.runners.importer;

import static dev.postern.runners.importer.Gguf.SHORT;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.postern.runners.onnx.Matrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Rows of a two-dimensional tensor.
 *
 * @param order the stored row for each row
 */
record TensorMatrix(StoredTensor tensor, int[] order) implements Matrix {

  @Override
  public int rows() {
    return order.length;
  }

  @Override
  public int columns() {
    return (int) tensor.shape()[1];
  }

  @Override
  public void row(int index, float[] values) {
    tensor.type().decode(tensor.data(), (long) order[index] * columns(), columns(), values);
  }

  @Override
  public boolean blocks(int index, byte[] codes, float[] scales) {
    if (tensor.type() != GgufType.Q8_0) {
      return false;
    }
    long at = (long) order[index] * scales.length * GgufType.Q8_0.blockBytes();
    for (int block = 0; block < scales.length; block++) {
      scales[block] = Float.float16ToFloat(tensor.data().get(SHORT, at));
      MemorySegment.copy(tensor.data(), JAVA_BYTE, at + 2, codes, block * 32, 32);
      at += GgufType.Q8_0.blockBytes();
    }
    return true;
  }

  @Override
  public void steps(int index, float[] steps) {
    GgufType type = tensor.type();
    if (type.blockElements() < 32) {
      Arrays.fill(steps, 0);
      return;
    }
    int groups = type.blockElements() / 32;
    long at = (long) order[index] * (columns() / type.blockElements()) * type.blockBytes();
    for (int block = 0; block < steps.length; block++) {
      steps[block] =
          type.step(
              tensor.data(), at + (long) (block / groups) * type.blockBytes(), block % groups);
    }
  }

  /** {@code count} rows as they lie, from {@code first} on. */
  static int[] run(int first, int count) {
    int[] order = new int[count];
    Arrays.setAll(order, i -> first + i);
    return order;
  }

  /**
   * Undoes the row order that some GGUF converters give query and key matrices: they interleave the
   * two halves of each head, while our attention rotates halves.
   */
  static int[] halvesOfHeads(int heads, int headWidth) {
    int[] order = new int[heads * headWidth];
    for (int head = 0; head < heads; head++) {
      int base = head * headWidth;
      for (int i = 0; i < headWidth / 2; i++) {
        order[base + i] = base + 2 * i;
        order[base + headWidth / 2 + i] = base + 2 * i + 1;
      }
    }
    return order;
  }
}
