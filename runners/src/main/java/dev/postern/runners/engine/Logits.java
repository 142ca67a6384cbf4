package dev.postern.runners.engine;

/** Arithmetic over one position's logits. */
public final class Logits {
  private Logits() {}

  /** The index of the largest value, the lowest among equals. */
  public static int likeliest(float[] logits) {
    int best = -1;
    float largest = Float.NEGATIVE_INFINITY;
    for (int id = 0; id < logits.length; id++) {
      if (logits[id] > largest) {
        largest = logits[id];
        best = id;
      }
    }
    if (best < 0) {
      throw new IllegalStateException("the model gave no finite logit");
    }
    return best;
  }

  public static double logSumExp(float[] logits) {
    float largest = logits[likeliest(logits)];
    double sum = 0;
    for (float logit : logits) {
      sum += Math.exp(logit - largest);
    }
    return largest + Math.log(sum);
  }

  /** The indices of the largest values, descending; the lower index first among equals. */
  public static int[] largest(float[] logits, int count) {
    int[] kept = new int[Math.min(count, logits.length)];
    int size = 0;
    for (int id = 0; id < logits.length && kept.length > 0; id++) {
      if (size == kept.length && logits[id] <= logits[kept[size - 1]]) {
        continue;
      }
      int at = size < kept.length ? size++ : size - 1;
      while (at > 0 && logits[kept[at - 1]] < logits[id]) {
        kept[at] = kept[at - 1];
        at--;
      }
      kept[at] = id;
    }
    return kept;
  }
}
