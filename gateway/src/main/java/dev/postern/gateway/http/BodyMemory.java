package dev.postern.gateway.http;

/**
 * Bounds what all bodies of one event loop hold in memory together: each may be large, but not all
 * at once.
 */
final class BodyMemory {
  private long free;

  BodyMemory(long bytes) {
    free = bytes;
  }

  /** A quarter of the heap is for bodies; the rest is for their trees and everything else. */
  static BodyMemory ofHeap(int eventLoops, long largestBody) {
    return new BodyMemory(Math.max(largestBody, Runtime.getRuntime().maxMemory() / 4 / eventLoops));
  }

  Share share() {
    return new Share();
  }

  /** What one request holds. */
  final class Share {
    private long held;

    /** False when there is no room now. */
    boolean take(long bytes) {
      if (bytes > free) {
        return false;
      }
      free -= bytes;
      held += bytes;
      return true;
    }

    void release() {
      free += held;
      held = 0;
    }
  }
}
