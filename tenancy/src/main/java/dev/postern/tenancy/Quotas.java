package dev.postern.tenancy;

import io.vertx.core.Future;
import java.util.UUID;

/**
 * Admission: limits and budgets that hold over any number of gateways. A gateway leases shares of
 * an allowance from PostgreSQL and spends them in memory, so a warm call touches no database;
 * together the gateways never let through more than the limit.
 */
public interface Quotas {

  /**
   * Reserves one request, its tokens, a slot of concurrency and its price.
   *
   * @return the reservation, or a failed future with {@link TenancyException} of {@link
   *     TenancyFailure.LimitReached}, {@link TenancyFailure.BudgetSpent} or {@link
   *     TenancyFailure.StoreUnavailable}
   */
  Future<Reservation> reserve(Demand demand);

  /**
   * What a call asks for.
   *
   * @param requestId the id its usage event will have
   * @param model the name the client called; prices are kept for each, rate limits for each {@link
   *     ModelName#base}
   * @param promptTokens an estimate, settled later
   * @param minCompletionTokens the least that makes sense; equal to the maximum when the client
   *     named one
   * @param maxCompletionTokens the most the call may produce, over all its choices
   */
  record Demand(
      UUID requestId,
      Principal principal,
      ProjectId project,
      String model,
      long promptTokens,
      long minCompletionTokens,
      long maxCompletionTokens) {

    /** Whose rate limits hold. */
    public String limitedModel() {
      return ModelName.base(model);
    }
  }

  /** A held share of the limits. Ends by {@link Ledger#settle}, exactly once. */
  interface Reservation {
    UUID requestId();

    /**
     * How many completion tokens the call may produce: between the demand's minimum and maximum.
     */
    long completionTokens();

    RateLimitStatus status();

    /** What the project gets of the runners. */
    Limits.Share share();
  }
}
