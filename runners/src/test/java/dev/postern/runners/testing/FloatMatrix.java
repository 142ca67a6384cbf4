package dev.postern.runners.testing;

import dev.postern.runners.onnx.Matrix;

/**
 * A matrix of given numbers.
 *
 * @param values one array a row
 */
public record FloatMatrix(float[][] values) implements Matrix {
  @Override
  public int rows() {
    return values.length;
  }

  @Override
  public int columns() {
    return values[0].length;
  }

  @Override
  public void row(int index, float[] into) {
    System.arraycopy(values[index], 0, into, 0, into.length);
  }
}
