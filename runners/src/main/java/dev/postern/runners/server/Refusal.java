package dev.postern.runners.server;

import io.vertx.core.Future;
import io.vertx.core.VertxException;

/** Ends a request with an answer that is ready to be sent. */
final class Refusal extends VertxException {
  private final transient ApiFailure failure;

  Refusal(ApiFailure failure) {
    super(failure.message(), true);
    this.failure = failure;
  }

  /** A future that has failed with it. */
  static <T> Future<T> failed(ApiFailure failure) {
    return Future.failedFuture(new Refusal(failure));
  }

  ApiFailure failure() {
    return failure;
  }
}
