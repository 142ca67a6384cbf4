package dev.postern.runners.server;

import io.vertx.core.Future;
import io.vertx.core.Promise;

/** Counts the requests that are being answered. Belongs to the server's event loop. */
final class Traffic {
  private final Promise<Void> drained = Promise.promise();
  private int inFlight;
  private boolean draining;

  void begin() {
    inFlight++;
  }

  void end() {
    inFlight--;
    completeIfDrained();
  }

  int inFlight() {
    return inFlight;
  }

  boolean draining() {
    return draining;
  }

  /**
   * Lets no more work in.
   *
   * @return completes when nothing runs any more
   */
  Future<Void> drain() {
    draining = true;
    completeIfDrained();
    return drained.future();
  }

  private void completeIfDrained() {
    if (draining && inFlight == 0) {
      drained.tryComplete();
    }
  }
}
