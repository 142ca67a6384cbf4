package dev.postern.runners.internal;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VertxException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;

/** Reads whole bodies, up to a limit. */
final class Bodies {
  private Bodies() {}

  static Future<Buffer> collect(HttpClientResponse response, int limit) {
    var body = Buffer.buffer();
    var whole = Promise.<Buffer>promise();
    response.exceptionHandler(whole::tryFail);
    response.endHandler(_ -> whole.tryComplete(body));
    response.handler(read -> {
      if (whole.future().isComplete()) {
        return;
      }
      if (body.length() + read.length() > limit) {
        whole.fail(VertxException.noStackTrace("the answer is longer than " + limit + " bytes"));
        response.request().reset();
      } else {
        body.appendBuffer(read);
      }
    });
    response.resume();
    return whole.future();
  }
}
