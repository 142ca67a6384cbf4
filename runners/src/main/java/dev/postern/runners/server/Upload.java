package dev.postern.runners.server;

import dev.postern.runners.wire.BadRequest;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpServerRequest;
import java.nio.file.Path;
import java.time.Duration;

/** Bodies that are too large for memory: each goes to a file, within limits of size and time. */
record Upload(Vertx vertx, long maxBytes, Duration maxTime) {

  /**
   * Receives a body whole. Call it in the tick that brought the request.
   *
   * @return a file that the caller removes; fails with {@link BadRequest} or {@link Refusal}
   */
  Future<Path> receive(HttpServerRequest request) {
    long length;
    try {
      var header = request.getHeader("content-length");
      length = header == null ? -1 : Long.parseLong(header);
    } catch (NumberFormatException e) {
      length = -1;
    }
    if (length < 1) {
      return Future.failedFuture(
          new BadRequest("The body's length must be told.", null, "invalid_value"));
    }
    if (length > maxBytes) {
      return Future.failedFuture(new Refusal(ApiFailure.tooLarge(maxBytes)));
    }
    request.pause();
    long timer = vertx.setTimer(maxTime.toMillis(), _ -> request.connection().close());
    return vertx
        .fileSystem()
        .createTempFile("postern-upload", "", "rw-------")
        .compose(file ->
            vertx
                .fileSystem()
                .open(file, new OpenOptions().setRead(false))
                .compose(request::pipeTo)
                .map(Path.of(file))
                .onFailure(_ -> vertx.fileSystem().delete(file)))
        .onComplete(_ -> vertx.cancelTimer(timer));
  }
}
