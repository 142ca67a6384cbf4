package dev.postern.runners.server;

import io.vertx.core.VertxException;

/** Ends a request with an answer that is ready to be sent. */
final class Refusal extends VertxException {
  private final transient ApiFailure failure;

  Refusal(ApiFailure failure) {
    super(failure.message(), true);
    this.failure = failure;
  }

  ApiFailure failure() {
    return failure;
  }
}
