package dev.postern.runners.server;

import io.vertx.core.Context;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a process in which a model's step or the event loop hangs. Native code cannot be interrupted
 * and memory that it uses cannot be freed, so the process is the smallest thing that can be given
 * up; whoever supervises it starts it again.
 */
final class Watchdog {
  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);

  /** The exit code of a process that gave up: trying again may help. */
  static final int GAVE_UP = 75;

  private static final int LOOKS_PER_LIMIT = 10;

  /** For answers on their way out. */
  private static final Duration FLUSH = Duration.ofMillis(200);

  private final Duration limit;
  private final IntConsumer end;
  private final CountDownLatch stopped = new CountDownLatch(1);
  private volatile long lookedAt;
  private boolean ending;

  /**
   * @param limit on one step, longer than any that is only slow
   * @param end ends the process with a code
   */
  Watchdog(Duration limit, IntConsumer end) {
    this.limit = limit;
    this.end = end;
  }

  /**
   * Begins to watch. Runs on {@code loop}.
   *
   * @param steps by model, how long its step has been running; called on {@code loop}
   * @param fail answers everybody who waits
   */
  void watch(Context loop, Supplier<Map<String, Duration>> steps, Consumer<ApiFailure> fail) {
    var period = limit.dividedBy(LOOKS_PER_LIMIT);
    lookedAt = System.nanoTime();
    loop.owner()
        .setPeriodic(
            Math.max(1, period.toMillis()),
            _ -> {
              lookedAt = System.nanoTime();
              steps.get().forEach((model, step) -> look(loop, model, step, fail));
            });
    Thread.ofPlatform().name("watchdog").daemon().start(() -> watchLoop(period));
  }

  void stop() {
    stopped.countDown();
  }

  private void look(Context loop, String model, Duration step, Consumer<ApiFailure> fail) {
    if (ending || step.compareTo(limit) < 0) {
      return;
    }
    ending = true;
    LOG.error("a step of {} has been running for {}: giving up this process", model, step);
    fail.accept(ApiFailure.restarting());
    loop.owner().setTimer(FLUSH.toMillis(), _ -> end.accept(GAVE_UP));
  }

  private void watchLoop(Duration period) {
    try {
      while (!stopped.await(period.toMillis(), TimeUnit.MILLISECONDS)) {
        var silent = Duration.ofNanos(System.nanoTime() - lookedAt);
        if (silent.compareTo(limit.plus(period)) > 0) {
          LOG.error("the event loop has been blocked for {}: giving up this process", silent);
          end.accept(GAVE_UP);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
