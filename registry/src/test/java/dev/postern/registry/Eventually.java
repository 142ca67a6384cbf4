package dev.postern.registry;

import static dev.postern.tenancy.testing.TestPostgres.await;

import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Conditions that come true by themselves. */
final class Eventually {
  private Eventually() {}

  /** How long the condition took to come true; fails after ten seconds. */
  static Duration eventually(Vertx vertx, BooleanSupplier condition) {
    var start = System.nanoTime();
    var promise = Promise.<Void>promise();
    vertx.setPeriodic(
        5,
        timer -> {
          if (condition.getAsBoolean()) {
            vertx.cancelTimer(timer);
            promise.tryComplete();
          }
        });
    await(promise.future().timeout(10, TimeUnit.SECONDS));
    return Duration.ofNanos(System.nanoTime() - start);
  }
}
