package dev.postern.runners.engine;

import java.time.Duration;

/**
 * Says how long the step in progress has been running, so that another thread can tell a hanging
 * one. One thread begins and ends steps; any may ask.
 */
public final class StepWatch {
  private static final long NONE = Long.MIN_VALUE;

  private volatile long startedAt = NONE;

  public void begin() {
    startedAt = System.nanoTime();
  }

  public void end() {
    startedAt = NONE;
  }

  /** Zero between steps. */
  public Duration running() {
    long started = startedAt;
    return started == NONE ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - started);
  }
}
