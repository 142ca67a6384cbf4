package dev.postern.runners.adapter;

import static dev.postern.runners.adapter.LowRank.LANES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * {@code y += up · (down · x)} for rows of a batch, and the arrays for it. One object a thread. The
 * order of additions is fixed: a row's result depends on its input and its adapter alone.
 *
 * <p>Loops go over whole arrays from 0 on, for the compiler to make vector instructions of them: it
 * does not where two arrays of one type are read at different places.
 */
public final class LowRankProduct {
  private final float[][] input = new float[LANES][0];
  private float[] sums = new float[0];
  private float[] output = new float[0];
  private short[] halves = new short[0];
  private short[] upHalves = new short[0];
  private float[][] floats = new float[0][0];
  private float[][] upFloats = new float[0][0];

  /**
   * Applies an adapter to some positions of one row.
   *
   * @param site number of the product that the adapter adds to
   * @param in the positions' inputs, one after the other
   * @param inputs numbers of each
   * @param out the positions' products, which are added to
   * @param outputs numbers of each
   */
  public void apply(
      LoadedAdapter adapter,
      int site,
      int positions,
      MemorySegment in,
      int inputs,
      MemorySegment out,
      int outputs) {
    for (LowRank matrix : adapter.at(site)) {
      if (matrix.inputs() != inputs || matrix.first() + matrix.outputs() > outputs) {
        throw new IllegalStateException("an adapter does not fit the product " + site);
      }
      take(matrix);
      for (int position = 0; position < positions; position++) {
        read(in, (long) position * inputs, matrix);
        long at = (long) position * outputs + matrix.first();
        add(out, at, matrix);
      }
    }
  }

  private void take(LowRank matrix) {
    int rank = matrix.rank();
    int width = LANES * matrix.lane();
    sums = room(sums, matrix.lane());
    output = room(output, matrix.outputs());
    switch (matrix.precision()) {
      case HALF -> {
        halves = room(halves, rank * width);
        upHalves = room(upHalves, rank * matrix.outputs());
        MemorySegment.copy(matrix.down(), JAVA_SHORT, 0, halves, 0, rank * width);
        MemorySegment.copy(matrix.up(), JAVA_SHORT, 0, upHalves, 0, rank * matrix.outputs());
      }
      case FLOAT -> {
        floats = rows(floats, rank * LANES, matrix.lane());
        upFloats = rows(upFloats, rank, matrix.outputs());
        copy(matrix.down(), floats, rank * LANES, matrix.lane());
        copy(matrix.up(), upFloats, rank, matrix.outputs());
      }
    }
  }

  private static void copy(MemorySegment from, float[][] into, int rows, int width) {
    for (int row = 0; row < rows; row++) {
      MemorySegment.copy(from, JAVA_FLOAT, 4L * row * width, into[row], 0, width);
    }
  }

  private static float[] room(float[] array, int length) {
    return array.length < length ? new float[length] : array;
  }

  private static short[] room(short[] array, int length) {
    return array.length < length ? new short[length] : array;
  }

  private static float[][] rows(float[][] array, int rows, int width) {
    float[][] result = array.length < rows ? Arrays.copyOf(array, rows) : array;
    for (int i = 0; i < rows; i++) {
      if (result[i] == null || result[i].length < width) {
        result[i] = new float[width];
      }
    }
    return result;
  }

  private void read(MemorySegment in, long first, LowRank matrix) {
    int lane = matrix.lane();
    for (int i = 0; i < LANES; i++) {
      input[i] = room(input[i], lane);
      int from = Math.min(i * lane, matrix.inputs());
      int count = Math.min(lane, matrix.inputs() - from);
      MemorySegment.copy(in, JAVA_FLOAT, 4 * (first + from), input[i], 0, count);
      Arrays.fill(input[i], count, lane, 0);
    }
  }

  private void add(MemorySegment out, long at, LowRank matrix) {
    int outputs = matrix.outputs();
    MemorySegment.copy(out, JAVA_FLOAT, 4 * at, output, 0, outputs);
    for (int row = 0; row < matrix.rank(); row++) {
      switch (matrix.precision()) {
        case HALF -> {
          multiply(halves, row * LANES * matrix.lane(), matrix.lane());
          addHalves(upHalves, row * outputs, sum(matrix.lane()), output, outputs);
        }
        case FLOAT -> {
          multiply(floats, row * LANES, matrix.lane());
          addFloats(upFloats[row], sum(matrix.lane()), output, outputs);
        }
      }
    }
    MemorySegment.copy(output, 0, out, JAVA_FLOAT, 4 * at, outputs);
  }

  private void multiply(short[] row, int at, int lane) {
    multiply(row, at, lane, input[0], input[1], input[2], input[3], sums);
  }

  private static void multiply(
      short[] row, int at, int lane, float[] x, float[] y, float[] z, float[] w, float[] into) {
    int second = at + lane;
    int third = second + lane;
    int fourth = third + lane;
    for (int i = 0; i < lane; i++) {
      into[i] =
          (Float.float16ToFloat(row[at + i]) * x[i] + Float.float16ToFloat(row[second + i]) * y[i])
              + (Float.float16ToFloat(row[third + i]) * z[i]
                  + Float.float16ToFloat(row[fourth + i]) * w[i]);
    }
  }

  private void multiply(float[][] rows, int at, int lane) {
    float[] a = rows[at];
    float[] b = rows[at + 1];
    float[] c = rows[at + 2];
    float[] d = rows[at + 3];
    float[] x = input[0];
    float[] y = input[1];
    float[] z = input[2];
    float[] w = input[3];
    float[] into = sums;
    for (int i = 0; i < lane; i++) {
      into[i] = (a[i] * x[i] + b[i] * y[i]) + (c[i] * z[i] + d[i] * w[i]);
    }
  }

  /** The lane length is a multiple of eight. */
  private float sum(int lane) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    for (int i = 0; i < lane; i += 8) {
      a += sums[i];
      b += sums[i + 1];
      c += sums[i + 2];
      d += sums[i + 3];
      e += sums[i + 4];
      f += sums[i + 5];
      g += sums[i + 6];
      h += sums[i + 7];
    }
    return ((a + b) + (c + d)) + ((e + f) + (g + h));
  }

  private static void addHalves(short[] row, int at, float factor, float[] into, int count) {
    for (int i = 0; i < count; i++) {
      into[i] += factor * Float.float16ToFloat(row[at + i]);
    }
  }

  private static void addFloats(float[] row, float factor, float[] into, int count) {
    for (int i = 0; i < count; i++) {
      into[i] += factor * row[i];
    }
  }
}
