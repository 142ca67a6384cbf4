package dev.postern.tenancy.internal.quota;

/** How many calls of a project may run here at a time. The owner's lock guards it. */
final class SlotPool {
  private int used;
  private int held;
  private long until;
  private int peak;

  boolean isFree(long now) {
    return used < held && until - now > 0;
  }

  void take() {
    used++;
    peak = Math.max(peak, used);
  }

  void release() {
    used--;
  }

  int used() {
    return used;
  }

  int held() {
    return held;
  }

  /** What the store must not lower: calls may start on it while it answers. */
  int kept(long now) {
    return until - now > 0 ? Math.max(held, used) : used;
  }

  /** A few more than run now, so that a growing load rarely waits. */
  int ahead() {
    return Math.max(1, used / 2);
  }

  void grant(int slots, long leasedUntil) {
    held = slots;
    until = leasedUntil;
  }

  /** Lets go of what was not needed since the last time. */
  int trim() {
    held = Math.min(held, Math.max(used, peak));
    peak = used;
    return held;
  }

  void extend(long leasedUntil) {
    until = leasedUntil;
  }

  /** What is held counts no more; calls that run go on. */
  void forget(long now) {
    until = now;
  }
}
