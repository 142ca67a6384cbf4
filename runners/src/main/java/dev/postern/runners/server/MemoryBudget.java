package dev.postern.runners.server;

import dev.postern.runners.adapter.AdapterMemory;
import java.util.OptionalLong;

/**
 * The bytes that a runner's models may take together. Whoever loads a model, or opens one a second
 * time, takes its bytes first and gives them back when it is closed, so that memory cannot run out.
 * Any thread.
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

  synchronized long taken() {
    return taken;
  }

  synchronized long free() {
    return bytes - taken;
  }

  /**
   * Takes what a model needs. Its cache gets at most half of what is left beside its weights, so
   * that the next model finds room too.
   *
   * @return bytes of its cache; empty when even the smallest does not fit
   */
  synchronized OptionalLong take(Footprint footprint) {
    if (footprint.leastBytes() > free()) {
      return OptionalLong.empty();
    }
    long half = (free() - footprint.fixedBytes()) / 2;
    long cache = Math.max(footprint.leastCacheBytes(), Math.min(footprint.mostCacheBytes(), half));
    taken += footprint.fixedBytes() + cache;
    return OptionalLong.of(cache);
  }

  synchronized void give(long returned) {
    if (returned < 0 || returned > taken) {
      throw new IllegalArgumentException("more is given back than was taken");
    }
    taken -= returned;
  }

  /** For what a model needs only sometimes. */
  Share share() {
    return new Share();
  }

  /** A part that grows and shrinks while its model serves. */
  final class Share implements AdapterMemory {
    private long held;
    private boolean closed;

    @Override
    public boolean take(long wanted) {
      synchronized (MemoryBudget.this) {
        if (closed || wanted > free()) {
          return false;
        }
        taken += wanted;
        held += wanted;
        return true;
      }
    }

    @Override
    public void give(long returned) {
      synchronized (MemoryBudget.this) {
        if (!closed) {
          MemoryBudget.this.give(returned);
          held -= returned;
        }
      }
    }

    long held() {
      synchronized (MemoryBudget.this) {
        return held;
      }
    }

    /** Gives back all that is left, for good. */
    void close() {
      synchronized (MemoryBudget.this) {
        MemoryBudget.this.give(held);
        held = 0;
        closed = true;
      }
    }
  }
}
