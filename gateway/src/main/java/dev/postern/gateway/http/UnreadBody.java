package dev.postern.gateway.http;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;

/**
 * An answer may go out before the request's body was read. A short rest is read and dropped, so
 * that the connection lives on. For a long one the connection ends, but not at once: closing while
 * the client still sends resets the connection, and the reset can overtake the answer.
 */
final class UnreadBody {
  /** A body that is longer is not read only to keep its connection. */
  private static final long WORTH_DROPPING = 1 << 20;

  private static final long MAX_LINGER_MILLIS = 5_000;
  private static final long MAX_LINGER_BYTES = 128L << 20;

  private final Vertx vertx;
  private final HttpServerRequest request;
  private long dropped;

  private UnreadBody(Vertx vertx, HttpServerRequest request) {
    this.vertx = vertx;
    this.request = request;
  }

  /** Called before the answer is sent. */
  static void settle(Vertx vertx, HttpServerRequest request) {
    if (request.isEnded()) {
      return;
    }
    var announced = RequestBody.announcedLength(request);
    var chunked = request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
    if (chunked || announced > WORTH_DROPPING) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
      new UnreadBody(vertx, request).linger();
    } else {
      request.handler(part -> {}).endHandler(end -> {}).resume();
    }
  }

  private void linger() {
    var connection = request.connection();
    if (RequestBody.waitsForContinue(request)) {
      // The client has not begun to send, and now will not.
      request.response().bodyEndHandler(sent -> connection.close());
      return;
    }
    var timer = vertx.setTimer(MAX_LINGER_MILLIS, id -> connection.close());
    request.exceptionHandler(broken -> vertx.cancelTimer(timer));
    request.endHandler(end -> {
      vertx.cancelTimer(timer);
      connection.close();
    });
    request.handler(part -> {
      dropped += part.length();
      if (dropped > MAX_LINGER_BYTES) {
        connection.close();
      }
    });
    request.resume();
  }
}
