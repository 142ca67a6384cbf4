package dev.postern.runners.server;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;

/**
 * Receives request bodies within limits of size, time and memory for all of them together. Belongs
 * to the server's event loop.
 */
final class BodyReader {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Vertx vertx;
  private final RunnerServerConfig config;
  private long buffered;

  BodyReader(Vertx vertx, RunnerServerConfig config) {
    this.vertx = vertx;
    this.config = config;
  }

  Future<Buffer> read(HttpServerRequest request) {
    var whole = Promise.<Buffer>promise();
    var body = Buffer.buffer();
    long timer =
        vertx.setTimer(
            config.bodyTime().toMillis(),
            _ -> {
              if (whole.future().isComplete()) {
                request.connection().close();
              } else {
                request.response().putHeader("connection", "close");
                whole.fail(new Refusal(ApiFailure.bodyTimedOut()));
              }
            });
    if (declaredLength(request) > config.maxBodyBytes()) {
      whole.fail(new Refusal(ApiFailure.tooLarge(config.maxBodyBytes())));
    }
    request.exceptionHandler(cause -> {
      vertx.cancelTimer(timer);
      whole.tryFail(cause);
    });
    request.endHandler(_ -> {
      vertx.cancelTimer(timer);
      whole.tryComplete(body);
    });
    request.handler(part -> {
      if (whole.future().isComplete()) {
        // Taken off the wire and dropped, so that the caller gets to read the answer.
        return;
      }
      buffered += part.length();
      body.appendBuffer(part);
      if (body.length() > config.maxBodyBytes()) {
        whole.fail(new Refusal(ApiFailure.tooLarge(config.maxBodyBytes())));
      } else if (buffered > config.maxBufferedBytes()) {
        whole.fail(new Refusal(ApiFailure.overloaded(RETRY_AFTER)));
      }
    });
    return whole.future().onComplete(_ -> buffered -= body.length());
  }

  private static long declaredLength(HttpServerRequest request) {
    try {
      var header = request.getHeader("content-length");
      return header == null ? 0 : Long.parseLong(header);
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE;
    }
  }
}
