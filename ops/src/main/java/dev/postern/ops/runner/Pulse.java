package dev.postern.ops.runner;

import java.net.URI;

/** Tells a runner that hangs from one that is busy: by several answers missed in a row. */
final class Pulse {
  private static final int MISSED_ANSWERS = 3;

  private final JsonClient client;
  private int missed;

  Pulse(JsonClient client) {
    this.client = client;
  }

  /** Whether the runner answers now. */
  boolean feel(URI runner) {
    if (client.healthy(runner)) {
      missed = 0;
      return true;
    }
    missed++;
    return false;
  }

  /** Whether it has been silent for long enough to give it up; asking forgets it. */
  boolean lost() {
    if (missed < MISSED_ANSWERS) {
      return false;
    }
    missed = 0;
    return true;
  }

  void forget() {
    missed = 0;
  }
}
