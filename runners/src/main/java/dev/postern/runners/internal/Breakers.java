package dev.postern.runners.internal;

import dev.postern.runners.RunnerPoolConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig.SlidingWindowType;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** One breaker for each runner's name. */
final class Breakers {
  private static final int TRIALS = 10;

  private final Map<String, CircuitBreaker> breakers = new ConcurrentHashMap<>();
  private final CircuitBreakerConfig config;

  Breakers(RunnerPoolConfig pool) {
    config =
        CircuitBreakerConfig.custom()
            .slidingWindowType(SlidingWindowType.COUNT_BASED)
            .slidingWindowSize(pool.breakerWindow())
            .minimumNumberOfCalls(pool.breakerMinimum())
            .failureRateThreshold(pool.breakerFailurePercent())
            .waitDurationInOpenState(pool.breakerOpen())
            .permittedNumberOfCallsInHalfOpenState(TRIALS)
            .writableStackTraceEnabled(false)
            .build();
  }

  CircuitBreaker of(String runner) {
    return breakers.computeIfAbsent(runner, name -> CircuitBreaker.of(name, config));
  }
}
