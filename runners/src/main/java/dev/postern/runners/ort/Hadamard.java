package dev.postern.runners.ort;

/**
 * Spreads a row's largest values over many, so that codes with one scale for the row lose less. A
 * row is cut into {@code p} equal parts, and the parts are multiplied with the Hadamard matrix of
 * order {@code p}: the largest power of two up to 16 that divides the width. That keeps products of
 * rows but for a factor,
 *
 * <pre>
 * (H x) · (H w) = p · (x · w)
 * </pre>
 *
 * so that a layer whose weights were spread when they were stored takes spread inputs. Turning what
 * is quantised is the idea of QuaRot (Ashkboos et al., 2024); here nothing around the product
 * changes. Not for several threads at once.
 */
public final class Hadamard {
  private static final int MOST_PARTS = 16;

  private float[][] parts = new float[MOST_PARTS][0];

  /** How many parts a row is cut into. */
  public static int parts(int width) {
    return Math.min(Integer.lowestOneBit(width), MOST_PARTS);
  }

  /** Spreads the first {@code width} values in place; twice is the row again, times its parts. */
  public void spread(float[] values, int width) {
    int count = parts(width);
    int length = width / count;
    if (parts[0].length < length) {
      parts = new float[MOST_PARTS][length];
    }
    for (int part = 0; part < count; part++) {
      System.arraycopy(values, part * length, parts[part], 0, length);
    }
    for (int distance = 1; distance < count; distance *= 2) {
      for (int part = 0; part < count; part++) {
        if ((part & distance) == 0) {
          addAndSubtract(parts[part], parts[part + distance], length);
        }
      }
    }
    for (int part = 0; part < count; part++) {
      System.arraycopy(parts[part], 0, values, part * length, length);
    }
  }

  /** Over two arrays and one index: the compiler makes vector instructions of that. */
  private static void addAndSubtract(float[] one, float[] other, int length) {
    for (int i = 0; i < length; i++) {
      float sum = one[i] + other[i];
      other[i] = one[i] - other[i];
      one[i] = sum;
    }
  }
}
