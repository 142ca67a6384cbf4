package dev.postern.gateway.http;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;

/** Reads a body whole, within a limit of size and of time. */
final class RequestBody {
  private final HttpServerRequest request;
  private final long limit;
  private final BodyMemory.Share memory;
  private final Promise<Buffer> whole = Promise.promise();
  private final Buffer received = Buffer.buffer();

  private RequestBody(HttpServerRequest request, long limit, BodyMemory.Share memory) {
    this.request = request;
    this.limit = limit;
    this.memory = memory;
  }

  /**
   * @param memory what the body takes of it is given back by the caller
   * @return the body; fails with {@link WireFailure.BodyTooLarge}, without waiting for a body whose
   *     announced length is too large, or {@link WireFailure.BodyTooSlow}. What is left of the body
   *     then is still to be read or the connection to be closed.
   */
  static Future<Buffer> read(
      Vertx vertx,
      HttpServerRequest request,
      long limit,
      Duration patience,
      BodyMemory.Share memory) {
    if (announcedLength(request) > limit) {
      return Future.failedFuture(new WireException(new WireFailure.BodyTooLarge(limit)));
    }
    return new RequestBody(request, limit, memory).read(vertx, patience);
  }

  /** The {@code content-length}; 0 when there is none, as in a chunked body. */
  static long announcedLength(HttpServerRequest request) {
    var header = request.headers().get(HttpHeaders.CONTENT_LENGTH);
    // The HTTP codec has refused what is not a number.
    return header == null ? 0 : Long.parseLong(header);
  }

  static boolean waitsForContinue(HttpServerRequest request) {
    return request.headers().contains(HttpHeaders.EXPECT, "100-continue", true);
  }

  private Future<Buffer> read(Vertx vertx, Duration patience) {
    var timer =
        vertx.setTimer(patience.toMillis(), id -> refuse(new WireFailure.BodyTooSlow(patience)));
    request.handler(this::accept);
    request.endHandler(end -> whole.tryComplete(received));
    request.exceptionHandler(whole::tryFail);
    if (waitsForContinue(request)) {
      request.response().writeContinue();
    }
    request.resume();
    return whole.future().onComplete(done -> vertx.cancelTimer(timer));
  }

  private void accept(Buffer part) {
    if (received.length() + part.length() > limit) {
      refuse(new WireFailure.BodyTooLarge(limit));
    } else if (!memory.take(part.length())) {
      refuse(new WireFailure.TooBusy());
    } else {
      received.appendBuffer(part);
    }
  }

  private void refuse(WireFailure failure) {
    request.pause();
    whole.tryFail(new WireException(failure));
  }

  /** True when a read failed only because the client went away: there is no one to answer. */
  static boolean clientGone(Throwable cause) {
    return cause instanceof HttpClosedException;
  }
}
