package dev.postern.gateway.http;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;

/**
 * Closes a connection whose request body nobody wants, but not at once: closing while the client
 * still sends resets the connection, and the reset can overtake the answer.
 */
final class Linger {
  private static final long MAX_MILLIS = 5_000;
  private static final long MAX_BYTES = 128L << 20;

  private final Vertx vertx;
  private final HttpServerRequest request;
  private long dropped;

  Linger(Vertx vertx, HttpServerRequest request) {
    this.vertx = vertx;
    this.request = request;
  }

  void start() {
    var timer = vertx.setTimer(MAX_MILLIS, id -> request.connection().close());
    request.connection().closeHandler(closed -> vertx.cancelTimer(timer));
    request.exceptionHandler(broken -> {});
    request.endHandler(end -> request.connection().close());
    request.handler(part -> {
      dropped += part.length();
      if (dropped > MAX_BYTES) {
        request.connection().close();
      }
    });
    request.resume();
  }
}
