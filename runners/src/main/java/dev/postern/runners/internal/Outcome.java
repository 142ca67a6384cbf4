package dev.postern.runners.internal;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import java.util.concurrent.TimeUnit;

/** Reports one call to a breaker, once: the first word counts. */
final class Outcome {
  private final CircuitBreaker breaker;
  private boolean reported;

  /** Takes over a permission that {@code breaker} has given. */
  Outcome(CircuitBreaker breaker) {
    this.breaker = breaker;
  }

  /** One answer shows that a runner is back; waiting for the other trials would refuse callers. */
  void success() {
    if (first()) {
      breaker.onSuccess(0, TimeUnit.NANOSECONDS);
      if (breaker.getState() == CircuitBreaker.State.HALF_OPEN) {
        breaker.transitionToClosedState();
      }
    }
  }

  void failure(Throwable cause) {
    if (first()) {
      breaker.onError(0, TimeUnit.NANOSECONDS, cause);
    }
  }

  /** Neither: the call says nothing about the runner's health. */
  void neutral() {
    if (first()) {
      breaker.releasePermission();
    }
  }

  private boolean first() {
    boolean first = !reported;
    reported = true;
    return first;
  }
}
