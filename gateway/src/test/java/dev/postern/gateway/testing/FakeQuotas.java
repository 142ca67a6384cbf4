package dev.postern.gateway.testing;

import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.RateLimitStatus;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Grants what is asked for, or refuses everything with one failure. */
public final class FakeQuotas implements Quotas {
  public static final RateLimitStatus STATUS =
      new RateLimitStatus(60, 59, Duration.ofSeconds(1), 10_000, 9_000, Duration.ofMillis(6_500));

  private final List<Demand> demands = new CopyOnWriteArrayList<>();
  private volatile @Nullable TenancyFailure refusal;
  private volatile Limits.Share share = Limits.Share.STANDARD;
  private volatile long mostTokens = Long.MAX_VALUE;

  public void refuse(TenancyFailure failure) {
    refusal = failure;
  }

  /** Open-ended calls get no more than this. */
  public void grantAtMost(long tokens) {
    mostTokens = tokens;
  }

  /** What every project gets of the runners. */
  public void share(Limits.Share given) {
    share = given;
  }

  public List<Demand> demands() {
    return List.copyOf(demands);
  }

  @Override
  public Future<Reservation> reserve(Demand demand) {
    demands.add(demand);
    var failure = refusal;
    if (failure != null) {
      return Future.failedFuture(new TenancyException(failure));
    }
    var tokens =
        Math.max(demand.minCompletionTokens(), Math.min(mostTokens, demand.maxCompletionTokens()));
    return Future.succeededFuture(new Held(demand.requestId(), tokens, STATUS, share));
  }

  private record Held(
      UUID requestId, long completionTokens, RateLimitStatus status, Limits.Share share)
      implements Reservation {}
}
