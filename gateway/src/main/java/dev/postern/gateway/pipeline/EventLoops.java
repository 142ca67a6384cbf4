package dev.postern.gateway.pipeline;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;

/**
 * A request belongs to one event loop, but what it waits for may be shared with other requests,
 * such as a group commit, and complete on another one.
 */
public final class EventLoops {
  private EventLoops() {}

  /** The same result, on the event loop that asks for it; at once when it is already there. */
  public static <T> Future<T> here(Future<T> result) {
    var context = Vertx.currentContext();
    if (context == null || result.isComplete()) {
      return result;
    }
    var promise = Promise.<T>promise();
    result.onComplete(done -> {
      if (Vertx.currentContext() == context) {
        promise.handle(done);
      } else {
        context.runOnContext(back -> promise.handle(done));
      }
    });
    return promise.future();
  }
}
