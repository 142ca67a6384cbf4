package dev.postern.tenancy.internal.quota;

/**
 * Units a second over about the last second; older ones fade exponentially. A load that has just
 * begun is scaled up to the second that it would fill, or leases would lag behind it for as long.
 */
final class Rate {
  private static final double FADE_NANOS = 1e9;

  /** A few calls tell nothing about the next ones. */
  private static final int FEW = 3;

  private static final double SHORTEST = 0.1;

  private double units;
  private long calls;
  private long began;
  private long at;

  void add(long added, long now) {
    fade(now);
    if (calls == 0) {
      began = now;
    }
    calls++;
    units += added;
  }

  double perSecond(long now) {
    fade(now);
    if (calls <= FEW) {
      return units;
    }
    double seen = 1 - Math.exp(-(now - began) / FADE_NANOS);
    return units / Math.max(seen, SHORTEST);
  }

  private void fade(long now) {
    if (units > 0) {
      units *= Math.exp(-(now - at) / FADE_NANOS);
    }
    if (units < 0.1) {
      calls = 0;
    }
    at = now;
  }
}
