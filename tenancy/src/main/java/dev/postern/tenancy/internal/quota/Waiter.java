package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.Quotas.Reservation;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import org.jspecify.annotations.Nullable;

/** A call that waits for a lease; answered on the context it came from. */
final class Waiter {
  private final Call call;
  private final ModelAllowance model;
  private final Promise<Reservation> promise = Promise.promise();
  private final @Nullable Context context = Vertx.currentContext();
  private int rounds;

  Waiter(Call call, ModelAllowance model) {
    this.call = call;
    this.model = model;
  }

  Call call() {
    return call;
  }

  ModelAllowance model() {
    return model;
  }

  Future<Reservation> future() {
    return promise.future();
  }

  void asked() {
    rounds++;
  }

  /** How many times the store was asked with this call counted in. */
  int rounds() {
    return rounds;
  }

  void grant(Held held) {
    answer(() -> promise.complete(held));
  }

  void refuse(TenancyFailure failure) {
    answer(() -> promise.fail(new TenancyException(failure)));
  }

  private void answer(Runnable completion) {
    if (context == null) {
      completion.run();
    } else {
      context.runOnContext(ignored -> completion.run());
    }
  }
}
