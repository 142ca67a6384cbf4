package dev.postern.tenancy;

import java.time.Duration;

/**
 * What the {@code x-ratelimit-*} headers say: ceilings, what is left after this call, and how long
 * until the window is whole again. Counts are requests and tokens in a sliding minute.
 */
public record RateLimitStatus(
    long limitRequests,
    long remainingRequests,
    Duration resetRequests,
    long limitTokens,
    long remainingTokens,
    Duration resetTokens) {}
