package dev.postern.gateway.pipeline;

import io.vertx.core.Future;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** How long each stage of one call took, in the order of their ends. Belongs to one event loop. */
public final class StageTimes {
  private final Map<String, Long> micros = LinkedHashMap.newLinkedHashMap(8);

  /** Runs a stage and notes its time whether it succeeds or fails. */
  <T> Future<T> measure(String stage, Supplier<Future<T>> work) {
    var began = System.nanoTime();
    Future<T> result;
    try {
      result = EventLoops.here(work.get());
    } catch (RuntimeException e) {
      result = Future.failedFuture(e);
    }
    return result.andThen(done -> add(stage, System.nanoTime() - began));
  }

  void add(String stage, long nanos) {
    micros.merge(stage, TimeUnit.NANOSECONDS.toMicros(nanos), Long::sum);
  }

  /** Stage names with their microseconds, as they are now. */
  Map<String, Long> micros() {
    return Collections.unmodifiableMap(new LinkedHashMap<>(micros));
  }
}
