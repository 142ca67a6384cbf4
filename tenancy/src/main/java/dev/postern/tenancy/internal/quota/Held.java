package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.Limits.Share;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.RateLimitStatus;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What one call holds; its project's lock guards what changes. */
final class Held implements Quotas.Reservation {
  final ProjectAllowance project;
  final ModelAllowance model;
  final long nanos;
  final long tokens;
  final WindowLeases.@Nullable Taken taken;
  private final UUID requestId;
  private final long completionTokens;
  private final RateLimitStatus status;
  private final Share share;
  boolean released;
  boolean charged;

  Held(
      ProjectAllowance project,
      ModelAllowance model,
      Call call,
      long completionTokens,
      long nanos,
      WindowLeases.@Nullable Taken taken,
      RateLimitStatus status,
      Share share) {
    this.project = project;
    this.model = model;
    this.requestId = call.demand().requestId();
    this.completionTokens = completionTokens;
    this.nanos = nanos;
    this.tokens = call.demand().promptTokens() + completionTokens;
    this.taken = taken;
    this.status = status;
    this.share = share;
  }

  @Override
  public UUID requestId() {
    return requestId;
  }

  @Override
  public long completionTokens() {
    return completionTokens;
  }

  @Override
  public RateLimitStatus status() {
    return status;
  }

  @Override
  public Share share() {
    return share;
  }
}
