package dev.postern.runners.server;

import java.util.Arrays;

/** Tokens a second over the last few seconds. Belongs to the server's event loop. */
final class TokenRate {
  private static final int SECONDS = 10;
  private static final long NANOS = 1_000_000_000L;

  private final long[] counts = new long[SECONDS];
  private long second = Long.MIN_VALUE;

  void add(long nanoTime) {
    moveTo(Math.floorDiv(nanoTime, NANOS));
    counts[Math.floorMod(second, SECONDS)]++;
  }

  /** Of the whole seconds before this one. */
  double perSecond(long nanoTime) {
    moveTo(Math.floorDiv(nanoTime, NANOS));
    long current = counts[Math.floorMod(second, SECONDS)];
    return (Arrays.stream(counts).sum() - current) / (SECONDS - 1.0);
  }

  private void moveTo(long now) {
    if (second == Long.MIN_VALUE || now - second >= SECONDS) {
      Arrays.fill(counts, 0);
      second = now;
    }
    while (second < now) {
      second++;
      counts[Math.floorMod(second, SECONDS)] = 0;
    }
  }
}
