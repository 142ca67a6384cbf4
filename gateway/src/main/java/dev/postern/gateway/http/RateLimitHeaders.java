package dev.postern.gateway.http;

import dev.postern.gateway.wire.openai.ErrorAnswer;
import dev.postern.gateway.wire.openai.GoDuration;
import dev.postern.tenancy.RateLimitStatus;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpHeaders;
import java.time.Duration;

/** Tells clients where they stand with their limits and whether a retry can help. */
final class RateLimitHeaders {
  private static final CharSequence LIMIT_REQUESTS =
      HttpHeaders.createOptimized("x-ratelimit-limit-requests");
  private static final CharSequence LIMIT_TOKENS =
      HttpHeaders.createOptimized("x-ratelimit-limit-tokens");
  private static final CharSequence REMAINING_REQUESTS =
      HttpHeaders.createOptimized("x-ratelimit-remaining-requests");
  private static final CharSequence REMAINING_TOKENS =
      HttpHeaders.createOptimized("x-ratelimit-remaining-tokens");
  private static final CharSequence RESET_REQUESTS =
      HttpHeaders.createOptimized("x-ratelimit-reset-requests");
  private static final CharSequence RESET_TOKENS =
      HttpHeaders.createOptimized("x-ratelimit-reset-tokens");

  private RateLimitHeaders() {}

  static void write(MultiMap headers, RateLimitStatus status) {
    headers.set(LIMIT_REQUESTS, Long.toString(status.limitRequests()));
    headers.set(LIMIT_TOKENS, Long.toString(status.limitTokens()));
    headers.set(REMAINING_REQUESTS, Long.toString(Math.max(0, status.remainingRequests())));
    headers.set(REMAINING_TOKENS, Long.toString(Math.max(0, status.remainingTokens())));
    headers.set(RESET_REQUESTS, GoDuration.of(status.resetRequests()));
    headers.set(RESET_TOKENS, GoDuration.of(status.resetTokens()));
  }

  static void write(MultiMap headers, ErrorAnswer answer) {
    if (answer.limits() != null) {
      write(headers, answer.limits());
    }
    if (answer.retryAfter() != null) {
      // SDKs read the milliseconds first; both round up, so neither invites too early a retry.
      var millis = Math.max(1, answer.retryAfter().plus(Duration.ofNanos(999_999)).toMillis());
      headers.set("retry-after-ms", Long.toString(millis));
      headers.set("retry-after", Long.toString((millis + 999) / 1000));
    }
    if (answer.retryHelps() != null) {
      headers.set("x-should-retry", answer.retryHelps().toString());
    }
  }
}
