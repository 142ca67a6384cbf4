package dev.postern.tenancy;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.Future;

/** What a store refused. */
final class Refusals {
  private Refusals() {}

  static TenancyFailure refusal(Future<?> future) {
    return catchThrowableOfType(TenancyException.class, () -> await(future)).failure();
  }
}
