package dev.postern.tenancy;

/**
 * The limits of projects that have none of their own.
 *
 * @param requestsPerMinute for each project and model
 * @param tokensPerMinute for each project and model
 * @param concurrentRequests for each project
 */
public record DefaultLimits(long requestsPerMinute, long tokensPerMinute, int concurrentRequests) {
  public static final DefaultLimits STANDARD = new DefaultLimits(600, 200_000, 64);
}
