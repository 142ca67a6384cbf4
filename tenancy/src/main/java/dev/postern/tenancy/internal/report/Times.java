package dev.postern.tenancy.internal.report;

import java.time.Duration;
import java.time.Instant;

/** The stretches of time that reports are cut into. */
final class Times {
  private Times() {}

  /** The start of the stretch of this length that holds the instant; stretches start at 1970. */
  static Instant floor(Instant instant, Duration length) {
    long seconds = length.toSeconds();
    return Instant.ofEpochSecond(Math.floorDiv(instant.getEpochSecond(), seconds) * seconds);
  }
}
