package dev.postern.tenancy.internal.quota;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.Supplier;

/** Time that moves from one planned step to the next, so that a schedule repeats by its seed. */
final class Simulation {
  private record Step(long at, long order, Runnable work) {}

  final Random random;
  private final PriorityQueue<Step> steps =
      new PriorityQueue<>(Comparator.comparingLong(Step::at).thenComparingLong(Step::order));

  private long now = Duration.ofSeconds(1_000).toNanos();
  private long planned;

  Simulation(long seed) {
    random = new Random(seed);
  }

  long now() {
    return now;
  }

  long second() {
    return now / 1_000_000_000;
  }

  void after(Duration delay, Runnable work) {
    steps.add(new Step(now + delay.toNanos(), planned++, work));
  }

  Duration upTo(Duration most) {
    return Duration.ofNanos(random.nextLong(most.toNanos()) + 1);
  }

  /** A call over a network: it is worked on some time later, and answered later still. */
  <T> Future<T> remotely(Duration latency, Supplier<T> work) {
    Promise<T> answer = Promise.promise();
    after(
        upTo(latency),
        () -> {
          T result = work.get();
          after(upTo(latency), () -> answer.complete(result));
        });
    return answer.future();
  }

  void run(Duration length) {
    long end = now + length.toNanos();
    while (!steps.isEmpty() && steps.element().at() <= end) {
      Step step = steps.remove();
      now = step.at();
      step.work().run();
    }
    now = end;
  }
}
