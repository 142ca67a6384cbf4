package dev.postern.tenancy.internal;

import dev.postern.tenancy.TenancyException;
import io.vertx.core.Future;
import java.util.function.Supplier;

/**
 * Turns a refusal that is thrown into a failed future, so that callers meet one kind of failure.
 */
final class Checked {
  private Checked() {}

  static <T> Future<T> run(Supplier<Future<T>> work) {
    try {
      return work.get();
    } catch (TenancyException refusal) {
      return Future.failedFuture(refusal);
    }
  }
}
