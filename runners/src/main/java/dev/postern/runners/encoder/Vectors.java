package dev.postern.runners.encoder;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Arithmetic on an encoder's numbers. */
public final class Vectors {
  private Vectors() {}

  /** The mean of {@code count} states of {@code size} numbers from {@code offset} on. */
  static float[] mean(FloatBuffer states, int offset, int count, int size) {
    var sum = new double[size];
    for (int i = 0; i < count; i++) {
      for (int j = 0; j < size; j++) {
        sum[j] += states.get(offset + i * size + j);
      }
    }
    var mean = new float[size];
    for (int j = 0; j < size; j++) {
      mean[j] = (float) (sum[j] / count);
    }
    return mean;
  }

  /** The first {@code dimensions} numbers, all when null, scaled to unit length. */
  public static float[] shorten(float[] vector, @Nullable Integer dimensions) {
    int size = dimensions == null ? vector.length : Math.min(dimensions, vector.length);
    var shorter = Arrays.copyOf(vector, size);
    double squares = 0;
    for (var number : shorter) {
      squares += (double) number * number;
    }
    if (squares > 0) {
      double scale = 1 / Math.sqrt(squares);
      for (int i = 0; i < size; i++) {
        shorter[i] = (float) (shorter[i] * scale);
      }
    }
    return shorter;
  }

  /** {@code 1 / (1 + e^-x)}. */
  public static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }

  public static double[] sigmoid(float[] logits) {
    var shares = new double[logits.length];
    for (int i = 0; i < shares.length; i++) {
      shares[i] = sigmoid(logits[i]);
    }
    return shares;
  }

  /** {@code e^x_i / sum e^x_j}, without overflow. */
  public static double[] softmax(float[] logits) {
    double most = Double.NEGATIVE_INFINITY;
    for (var logit : logits) {
      most = Math.max(most, logit);
    }
    var shares = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < shares.length; i++) {
      shares[i] = Math.exp(logits[i] - most);
      sum += shares[i];
    }
    for (int i = 0; i < shares.length; i++) {
      shares[i] /= sum;
    }
    return shares;
  }
}
