package dev.postern.runners;

import java.time.Duration;

/** Everything a runner can answer instead of a result. */
public sealed interface RunnerFailure {
  /** Not reachable, crashed in the middle, or its breaker is open. */
  record Unavailable(String runner, Duration retryAfter) implements RunnerFailure {}

  /** Its queue is full. */
  record Overloaded(String runner, Duration retryAfter) implements RunnerFailure {}

  /** No first byte, or no end, within the limit. */
  record TimedOut(String runner, Duration limit) implements RunnerFailure {}

  /** It does not have the adapter that the request names; it can be given it. */
  record UnknownAdapter(String runner) implements RunnerFailure {}

  /**
   * It refused the request: the caller's fault.
   *
   * @param status 4xx
   * @param body the runner's error envelope, JSON
   */
  record Refused(String runner, int status, String body) implements RunnerFailure {}
}
