package dev.postern.runners.engine;

import dev.postern.runners.engine.Generator.Caller;
import java.util.HashMap;
import java.util.Map;

/**
 * What each tenant has had of the engine, in processor time over its weight (start-time fair
 * queueing, Goyal et al. 1996). Who has had least goes first. A tenant that comes anew starts where
 * the others are: being away earns nothing, and what was had before is remembered until the others
 * have caught up.
 */
final class FairShares {
  private static final int REMEMBERED = 1024;

  private final Map<String, Double> had = new HashMap<>();

  /** Where the tenant stood that was served last. */
  private double now;

  double of(Caller caller) {
    return Math.max(now, had.getOrDefault(caller.tenant(), 0.0));
  }

  /** Says that a tenant is served next. */
  void serve(Caller caller) {
    now = of(caller);
    had.put(caller.tenant(), now);
  }

  void charge(Caller caller, long nanos) {
    had.put(caller.tenant(), of(caller) + (double) nanos / caller.weight());
    if (had.size() > REMEMBERED) {
      had.values().removeIf(position -> position <= now);
    }
  }
}
