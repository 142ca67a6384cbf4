package dev.postern.runners.onnx;

import java.util.Arrays;
import java.util.List;

/**
 * A weight matrix, one row per output, in whatever form it is stored; read row by row. One that
 * says no more is of floats.
 */
public interface Matrix {
  int rows();

  int columns();

  /** Fills {@code values} with the row. */
  void row(int index, float[] values);

  /**
   * Gives the row as signed bytes with a scale for each 32, where it is stored so.
   *
   * @return false where it is not; the arrays are then untouched
   */
  default boolean blocks(int index, byte[] codes, float[] scales) {
    return false;
  }

  /**
   * Gives, for each 32 values of the row, the distance between the levels they lie on; 0 where they
   * are not known to lie on evenly spaced levels.
   */
  default void steps(int index, float[] steps) {
    Arrays.fill(steps, 0);
  }

  /** The rows of several matrices, one after the other. */
  static Matrix stacked(List<? extends Matrix> parts) {
    return new StackedMatrix(parts);
  }
}
