package dev.postern.runners.engine;

import java.util.Arrays;

/**
 * Hands out candidates by descending score, the earlier one first among equals. Scores are thrown
 * into buckets and a bucket is sorted only when it is reached, so that the few best of a large
 * vocabulary cost two passes over it.
 */
final class Ranking {
  private static final int BUCKETS = 512;

  /** Buckets a unit of score: below 32 less than the best, what is left is of no weight. */
  private static final int FINENESS = 16;

  private final float[] scores;
  private final int[] order;
  private final int[] ends = new int[BUCKETS];
  private int bucket = -1;
  private int sortedTo;
  private int at;

  /**
   * @param scores of the candidates 0 to count - 1, none above 0
   * @param order the ranking's own from here on, at least {@code count} long
   */
  Ranking(float[] scores, int count, int[] order) {
    this.scores = scores;
    this.order = order;
    for (int i = 0; i < count; i++) {
      ends[bucket(scores[i])]++;
    }
    for (int i = 1; i < BUCKETS; i++) {
      ends[i] += ends[i - 1];
    }
    int[] next = new int[BUCKETS];
    System.arraycopy(ends, 0, next, 1, BUCKETS - 1);
    for (int i = 0; i < count; i++) {
      order[next[bucket(scores[i])]++] = i;
    }
  }

  private static int bucket(float score) {
    // A score that is no number comes last with the impossible ones.
    return Float.isNaN(score) ? BUCKETS - 1 : Math.min((int) (-score * FINENESS), BUCKETS - 1);
  }

  /**
   * The next candidate, which {@code order} keeps at the place of its rank; asked for at most as
   * often as there are candidates.
   */
  int next() {
    while (at == sortedTo) {
      bucket++;
      sort(sortedTo, ends[bucket]);
      sortedTo = ends[bucket];
    }
    return order[at++];
  }

  private void sort(int from, int to) {
    if (to - from < 2) {
      return;
    }
    long[] keys = new long[to - from];
    for (int i = from; i < to; i++) {
      // The bits of a magnitude rise with it.
      keys[i - from] = (long) Float.floatToRawIntBits(Math.abs(scores[order[i]])) << 32 | order[i];
    }
    Arrays.sort(keys);
    for (int i = from; i < to; i++) {
      order[i] = (int) keys[i - from];
    }
  }
}
