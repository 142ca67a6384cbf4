package dev.postern.gateway.pipeline;

import dev.postern.tenancy.UsageEvent;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * One inference request as it arrived.
 *
 * @param id of its usage event and, prefixed, of its answer
 * @param requestId the id in {@code x-request-id}, handed on to the runner
 * @param startNanos {@link System#nanoTime} at arrival
 */
public record InferenceCall(
    UUID id,
    String requestId,
    UsageEvent.Endpoint endpoint,
    Credentials credentials,
    Instant startedAt,
    long startNanos,
    Client client,
    StageTimes times) {

  long elapsedMicros() {
    return TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - startNanos);
  }
}
