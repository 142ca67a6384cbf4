package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.RateLimitStatus;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A project's sliding minute for one model as far as it is known and leased here. */
final class ModelAllowance {
  /** What a lease may hold beyond the calls that wait: so much of a second's traffic … */
  private static final double AHEAD_SECONDS = 0.4;

  /** … and no more than this part of the limit, so that small limits go by single units. */
  private static final long AHEAD_PART = 20;

  private static final long WINDOW_NANOS = Duration.ofSeconds(60).toNanos();

  final String model;
  final WindowLeases requests = new WindowLeases();
  final WindowLeases tokens = new WindowLeases();
  private final Rate requestRate = new Rate();
  private final Rate tokenRate = new Rate();
  private long requestsLimit;
  private long requestsUsed;
  private long tokensLimit;
  private long tokensUsed;
  private long leasedUntil;
  @Nullable Refusal refusal;
  int waiting;
  long lastUsed;

  /**
   * A refusal that answers calls of the same size or larger for a moment, so that a client who
   * hammers at a closed door does not reach the store.
   */
  record Refusal(QuotaStore.Grant grant, QuotaStore.Refused limit, long need, long until) {}

  ModelAllowance(String model) {
    this.model = model;
  }

  void used(long tokenCount, long now) {
    requestRate.add(1, now);
    tokenRate.add(tokenCount, now);
  }

  void grant(QuotaStore.Grant grant, long until) {
    requestsLimit = grant.requests().limit();
    requestsUsed = grant.requests().used();
    tokensLimit = grant.tokens().limit();
    tokensUsed = grant.tokens().used();
    leasedUntil = until;
    requests.add(grant.slot(), until, grant.requests().granted());
    tokens.add(grant.slot(), until, grant.tokens().granted());
  }

  long requestsAhead(long now) {
    double rate = requestRate.perSecond(now);
    return rate < 0.5 ? 0 : cap(rate, requestsLimit);
  }

  long tokensAhead(long now) {
    return requestRate.perSecond(now) < 0.5 ? 0 : cap(tokenRate.perSecond(now), tokensLimit);
  }

  private static long cap(double rate, long limit) {
    return Math.min((long) Math.ceil(rate * AHEAD_SECONDS), limit / AHEAD_PART);
  }

  /** Whether it is time to lease ahead of the next call. */
  boolean isLow(long now) {
    long requestsAhead = requestsAhead(now);
    long tokensAhead = tokensAhead(now);
    return requests.available(now) * 2 < requestsAhead || tokens.available(now) * 2 < tokensAhead;
  }

  RateLimitStatus status(long now) {
    long requestsLeft = left(requestsLimit, requestsUsed, requests.unspent());
    long tokensLeft = left(tokensLimit, tokensUsed, tokens.unspent());
    Duration reset = Duration.ofNanos(Math.max(0, leasedUntil - now) + WINDOW_NANOS);
    return new RateLimitStatus(
        requestsLimit,
        requestsLeft,
        requestsLeft == requestsLimit ? Duration.ZERO : reset,
        tokensLimit,
        tokensLeft,
        tokensLeft == tokensLimit ? Duration.ZERO : reset);
  }

  private static long left(long limit, long used, long unspent) {
    return Math.clamp(limit - used + unspent, 0, limit);
  }

  /** Takes out what is to go back to the store. */
  void collectReturns(ProjectId project, long now, List<QuotaStore.Return> into) {
    requests.available(now);
    tokens.available(now);
    for (Map.Entry<Long, Long> back : requests.takeReturns().entrySet()) {
      requestsUsed -= back.getValue();
      into.add(new QuotaStore.Return(project, model, back.getKey(), back.getValue(), 0));
    }
    for (Map.Entry<Long, Long> back : tokens.takeReturns().entrySet()) {
      tokensUsed -= back.getValue();
      into.add(new QuotaStore.Return(project, model, back.getKey(), 0, back.getValue()));
    }
    long debt = tokens.takeDebt();
    if (debt > 0) {
      tokensUsed += debt;
      into.add(new QuotaStore.Return(project, model, 0, 0, -debt));
    }
  }

  boolean hasReturns(long now) {
    requests.available(now);
    tokens.available(now);
    return requests.hasReturns() || tokens.hasReturns();
  }
}
