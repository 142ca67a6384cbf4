package dev.postern.runners.server;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** The requests that are being answered. Belongs to the server's event loop. */
final class Traffic {
  private final Promise<Void> drained = Promise.promise();
  private final Set<ServedCall> calls = new HashSet<>();
  private boolean draining;

  void begin(ServedCall call) {
    calls.add(call);
  }

  void end(ServedCall call) {
    calls.remove(call);
    completeIfDrained();
  }

  int inFlight() {
    return calls.size();
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

  /** Lets no more work in and tells everybody who waits why. */
  void abort(ApiFailure failure) {
    draining = true;
    List.copyOf(calls).forEach(call -> call.abort(failure));
  }

  private void completeIfDrained() {
    if (draining && calls.isEmpty()) {
      drained.tryComplete();
    }
  }
}
