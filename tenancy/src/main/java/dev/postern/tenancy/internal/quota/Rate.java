package dev.postern.tenancy.internal.quota;

/** Units a second over about the last second; older ones fade exponentially. */
final class Rate {
  private static final double FADE_NANOS = 1e9;

  private double units;
  private long at;

  void add(long added, long now) {
    fade(now);
    units += added;
  }

  double perSecond(long now) {
    fade(now);
    return units;
  }

  private void fade(long now) {
    if (units > 0) {
      units *= Math.exp(-(now - at) / FADE_NANOS);
    }
    at = now;
  }
}
