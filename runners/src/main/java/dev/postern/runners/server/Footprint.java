package dev.postern.runners.server;

/**
 * What a model will take of memory, known before it is loaded.
 *
 * @param fixedBytes weights as they lie in memory, working space and logits
 * @param leastCacheBytes keys and values of one full context, without which it cannot serve; 0 for
 *     models without a cache
 * @param mostCacheBytes of keys and values that it can make use of
 */
record Footprint(long fixedBytes, long leastCacheBytes, long mostCacheBytes) {
  Footprint {
    if (fixedBytes < 0 || leastCacheBytes < 0 || mostCacheBytes < leastCacheBytes) {
      throw new IllegalArgumentException("a footprint has a number out of range");
    }
  }

  /** With the smallest cache. */
  long leastBytes() {
    return Math.addExact(fixedBytes, leastCacheBytes);
  }
}
