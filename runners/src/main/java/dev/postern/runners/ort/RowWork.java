package dev.postern.runners.ort;

/**
 * Arithmetic on one row of a tensor, and the arrays for it. The loops are plain and over arrays,
 * which is what the compiler makes vector instructions of, and their order is fixed: a row's result
 * depends on nothing but the row.
 */
final class RowWork {
  /** Codes are unsigned around this. */
  private static final float MIDDLE = 128;

  private static final float LEVELS = 127;

  /** What {@link #halfPower} is raised to, by squaring. */
  private static final int SQUARINGS = 6;

  private static final float SATURATED = 20;

  private float[] values = new float[0];
  private float[] others = new float[0];
  private float[] weights = new float[0];
  private byte[] codes = new byte[0];
  private final Hadamard hadamard = new Hadamard();

  /** The row in hand. */
  float[] values(int width) {
    values = room(values, width);
    return values;
  }

  /** Another row beside it. */
  float[] others(int width) {
    others = room(others, width);
    return others;
  }

  /** The weights of a norm. */
  float[] weights(int width) {
    weights = room(weights, width);
    return weights;
  }

  private static float[] room(float[] array, int width) {
    return array.length < width ? new float[width] : array;
  }

  byte[] codes(int width) {
    if (codes.length < width) {
      codes = new byte[width];
    }
    return codes;
  }

  void spread(float[] values, int width) {
    hadamard.spread(values, width);
  }

  static void add(float[] into, float[] values, int width) {
    for (int i = 0; i < width; i++) {
      into[i] += values[i];
    }
  }

  static void scale(float[] values, float scale, int width) {
    for (int i = 0; i < width; i++) {
      values[i] *= scale;
    }
  }

  /** {@code values · scale ⊙ weights}. */
  static void scale(float[] values, float scale, float[] weights, int width) {
    for (int i = 0; i < width; i++) {
      values[i] = values[i] * scale * weights[i];
    }
  }

  /** The mean of the squares, summed in eight lanes. */
  static float meanSquare(float[] values, int width) {
    float a = 0;
    float b = 0;
    float c = 0;
    float d = 0;
    float e = 0;
    float f = 0;
    float g = 0;
    float h = 0;
    int i = 0;
    for (; i <= width - 8; i += 8) {
      a += values[i] * values[i];
      b += values[i + 1] * values[i + 1];
      c += values[i + 2] * values[i + 2];
      d += values[i + 3] * values[i + 3];
      e += values[i + 4] * values[i + 4];
      f += values[i + 5] * values[i + 5];
      g += values[i + 6] * values[i + 6];
      h += values[i + 7] * values[i + 7];
    }
    float sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
    for (; i < width; i++) {
      sum += values[i] * values[i];
    }
    return sum / width;
  }

  static float largest(float[] values, int width) {
    float largest = 0;
    for (int i = 0; i < width; i++) {
      largest = Math.max(largest, Math.abs(values[i]));
    }
    return largest;
  }

  /** Writes the nearest codes and returns what one step of them is worth. */
  static float quantise(float[] values, byte[] codes, int width) {
    float step = Math.max(largest(values, width) / LEVELS, Float.MIN_NORMAL);
    float steps = 1 / step;
    for (int i = 0; i < width; i++) {
      codes[i] = (byte) (int) (values[i] * steps + (MIDDLE + 0.5f));
    }
    return step;
  }

  /**
   * {@code gates ⊙ sigmoid(gates) ⊙ others}. The exponential is a power series near 0, squared six
   * times: multiplications alone, so that it runs in vectors, and right to some 4e-6.
   */
  static void silu(float[] gates, float[] others, int width) {
    for (int i = 0; i < width; i++) {
      float gate = gates[i];
      float power = halfPower(Math.clamp(-gate, -SATURATED, SATURATED));
      gates[i] = gate / (1 + power) * others[i];
    }
  }

  /** {@code gelu(gates) ⊙ others} by the tanh formula, which is {@code x · sigmoid(2 · inner)}. */
  static void gelu(float[] gates, float[] others, int width) {
    for (int i = 0; i < width; i++) {
      float gate = gates[i];
      float inner = -1.5957691f * (gate + 0.044715f * gate * gate * gate);
      float power = halfPower(Math.clamp(inner, -SATURATED, SATURATED));
      gates[i] = gate / (1 + power) * others[i];
    }
  }

  private static float halfPower(float exponent) {
    float x = exponent * (1f / (1 << SQUARINGS));
    float power =
        1 + x * (1 + x * (1 / 2f + x * (1 / 6f + x * (1 / 24f + x * (1 / 120f + x * (1 / 720f))))));
    float two = power * power;
    float four = two * two;
    float eight = four * four;
    float sixteen = eight * eight;
    float thirtyTwo = sixteen * sixteen;
    return thirtyTwo * thirtyTwo;
  }
}
