package dev.postern.runners.server;

import java.util.OptionalLong;

/**
 * The bytes that a runner's models may take together. Whoever loads a model takes its bytes first
 * and gives them back when it is closed, so that memory cannot run out. Not thread-safe.
 */
final class MemoryBudget {
  private final long bytes;
  private long taken;

  MemoryBudget(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("a budget is not negative");
    }
    this.bytes = bytes;
  }

  long bytes() {
    return bytes;
  }

  long taken() {
    return taken;
  }

  long free() {
    return bytes - taken;
  }

  /**
   * Takes what a model needs. Its cache gets at most half of what is left beside its weights, so
   * that the next model finds room too.
   *
   * @return bytes of its cache; empty when even the smallest does not fit
   */
  OptionalLong take(Footprint footprint) {
    if (footprint.leastBytes() > free()) {
      return OptionalLong.empty();
    }
    long half = (free() - footprint.fixedBytes()) / 2;
    long cache = Math.max(footprint.leastCacheBytes(), Math.min(footprint.mostCacheBytes(), half));
    taken += footprint.fixedBytes() + cache;
    return OptionalLong.of(cache);
  }

  void give(long returned) {
    if (returned < 0 || returned > taken) {
      throw new IllegalArgumentException("more is given back than was taken");
    }
    taken -= returned;
  }
}
