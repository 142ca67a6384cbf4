package dev.postern.runners.engine;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The tokens that a draw may still give, each with its weight: its probability but for a common
 * factor. Good until the same thread asks for the next ones, which take over the memory.
 */
final class Candidates {
  private static final double LN_2 = Math.log(2);
  private static final double LOG2_E = 1 / LN_2;

  private static final ThreadLocal<Candidates> OF_THREAD =
      ThreadLocal.withInitial(() -> new Candidates(0));

  private final int[] ids;
  private final float[] scores;
  private final double[] weights;
  private final int[] order;
  private int count;
  private double total;

  private Candidates(int capacity) {
    ids = new int[capacity];
    scores = new float[capacity];
    weights = new double[capacity];
    order = new int[capacity];
  }

  /**
   * @param allowed a bit for each id that may be drawn; null for all
   */
  static Candidates of(float[] logits, long @Nullable [] allowed, double temperature) {
    Candidates candidates = OF_THREAD.get();
    if (candidates.ids.length < logits.length) {
      candidates = new Candidates(logits.length);
      OF_THREAD.set(candidates);
    }
    candidates.fill(logits, allowed, temperature);
    return candidates;
  }

  private void fill(float[] logits, long @Nullable [] allowed, double temperature) {
    int best = allowed == null ? Logits.likeliest(logits) : likeliest(logits, allowed);
    // Where all that is allowed has been forbidden by a bias, one of it must be said all the same.
    float largest = Math.max(logits[best], -Float.MAX_VALUE);
    count = 0;
    total = 0;
    if (allowed == null) {
      for (int id = 0; id < logits.length; id++) {
        add(id, logits[id], largest, temperature);
      }
    } else {
      for (int word = 0; word < allowed.length; word++) {
        for (long bits = allowed[word]; bits != 0; bits &= bits - 1) {
          int id = 64 * word + Long.numberOfTrailingZeros(bits);
          if (id < logits.length) {
            add(id, logits[id], largest, temperature);
          }
        }
      }
    }
    if (total == 0) {
      ids[0] = best;
      weights[0] = 1;
      scores[0] = 0;
      count = 1;
      total = 1;
    }
  }

  private void add(int id, float logit, float largest, double temperature) {
    double score = (logit - largest) / temperature;
    double weight = exp(score);
    ids[count] = id;
    scores[count] = (float) score;
    weights[count++] = weight;
    total += weight;
  }

  /**
   * The exponential of what is not positive, to a relative 3e-10: powers of two apart from a Taylor
   * series to the eighth power. A draw takes one for every token of the vocabulary, and {@link
   * Math#exp} several times as long.
   */
  static double exp(double x) {
    if (!(x > -700)) {
      return 0;
    }
    double power = Math.rint(x * LOG2_E);
    double r = x - power * LN_2;
    double series =
        1
            + r
                * (1
                    + r
                        * (1 / 2.0
                            + r
                                * (1 / 6.0
                                    + r
                                        * (1 / 24.0
                                            + r
                                                * (1 / 120.0
                                                    + r
                                                        * (1 / 720.0
                                                            + r * (1 / 5040.0 + r / 40320.0)))))));
    return series * Double.longBitsToDouble((long) power + 1023 << 52);
  }

  /** The allowed id of the largest logit, the lowest among equals. */
  static int likeliest(float[] logits, long[] allowed) {
    int best = -1;
    float largest = Float.NEGATIVE_INFINITY;
    for (int word = 0; word < allowed.length; word++) {
      for (long bits = allowed[word]; bits != 0; bits &= bits - 1) {
        int id = 64 * word + Long.numberOfTrailingZeros(bits);
        if (id < logits.length && (best < 0 || logits[id] > largest)) {
          best = id;
          largest = logits[id];
        }
      }
    }
    if (best < 0) {
      throw new IllegalStateException("the constraint allows no token");
    }
    return best;
  }

  /** Keeps so many of the largest weights. */
  void keepLikeliest(int most) {
    if (most < count) {
      keepFirst(new Ranking(scores, count, order), most, Double.POSITIVE_INFINITY);
    }
  }

  /** Keeps the largest weights, as many as it takes to have this share of them all. */
  void keepNucleus(double share) {
    keepFirst(new Ranking(scores, count, order), count, share * total);
  }

  /**
   * Keeps the tokens with the surprise nearest to the expected one, as many as it takes to have
   * this share of all weights.
   */
  void keepTypical(double share) {
    double log = Math.log(total);
    double entropy = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        entropy += weights[i] / total * (log - scores[i]);
      }
    }
    float[] strangeness = new float[count];
    for (int i = 0; i < count; i++) {
      strangeness[i] = (float) -Math.abs(log - scores[i] - entropy);
    }
    keepFirst(new Ranking(strangeness, count, order), count, share * total);
  }

  /** Keeps the weights of at least this share of the largest. */
  void keepAtLeast(double share) {
    double largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, weights[i]);
    }
    int kept = 0;
    total = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] >= share * largest) {
        move(i, kept++);
      }
    }
    count = kept;
  }

  /** Takes candidates in the order of their rank until there are enough or they weigh enough. */
  private void keepFirst(Ranking ranking, int most, double enough) {
    double mass = 0;
    int kept = 0;
    while (kept < most && (kept == 0 || mass < enough)) {
      mass += weights[ranking.next()];
      kept++;
    }
    // The ranking has left them at the front of its order. Ascending places, so that none is
    // overwritten before it has moved.
    Arrays.sort(order, 0, kept);
    total = 0;
    for (int i = 0; i < kept; i++) {
      move(order[i], i);
    }
    count = kept;
  }

  private void move(int from, int to) {
    ids[to] = ids[from];
    scores[to] = scores[from];
    weights[to] = weights[from];
    total += weights[from];
  }

  /**
   * @param at from 0 to below 1
   */
  int draw(double at) {
    double left = at * total;
    int last = 0;
    for (int i = 0; i < count; i++) {
      if (weights[i] > 0) {
        last = i;
        left -= weights[i];
        if (left < 0) {
          return ids[i];
        }
      }
    }
    // Only reached by rounding of the sum.
    return ids[last];
  }
}
