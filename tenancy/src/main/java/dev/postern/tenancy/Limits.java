package dev.postern.tenancy;

import io.vertx.core.Future;
import java.math.BigDecimal;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The ceilings of a project: requests and tokens a minute for each model, calls at a time, and
 * money a month. A change is in force on every gateway within a second.
 */
public interface Limits {

  /**
   * One rate limit for each of the named models, in the order given; a model without a setting of
   * its own has the defaults.
   */
  Future<List<RateLimit>> rateLimits(TenantId tenant, ProjectId project, List<String> models);

  /**
   * Sets what is given and leaves the rest as it was.
   *
   * @return the limit now in force; fails with {@link TenancyFailure.NotFound} for an unknown
   *     project and {@link TenancyFailure.Invalid} for a negative number
   */
  Future<RateLimit> updateRateLimit(
      Principal actor,
      ProjectId project,
      String model,
      @Nullable Long requestsPerMinute,
      @Nullable Long tokensPerMinute);

  Future<ProjectLimits> projectLimits(TenantId tenant, ProjectId project);

  /**
   * Replaces the project's concurrency limit and monthly budget.
   *
   * @param tenant whose project it is; another than the actor's only for the operator, which the
   *     caller has made sure of
   * @param budget US dollars a calendar month (UTC); null for no budget
   * @param share null leaves it as it is
   */
  Future<ProjectLimits> putProjectLimits(
      Principal actor,
      TenantId tenant,
      ProjectId project,
      int maxConcurrentRequests,
      @Nullable BigDecimal budget,
      @Nullable Share share);

  /** What calls of one project to one model may take in any sixty seconds. */
  record RateLimit(String model, long requestsPerMinute, long tokensPerMinute) {}

  /**
   * What a project may take over all its models.
   *
   * @param budget null when the project has none
   * @param spent what the ledger holds for the current month
   */
  record ProjectLimits(
      int maxConcurrentRequests, @Nullable BigDecimal budget, BigDecimal spent, Share share) {}

  /**
   * What a project gets of busy runners, beside others that wait.
   *
   * @param weight part of the processor time against the other projects' weights, from 1 to {@link
   *     #MAX_WEIGHT}
   * @param priority whether its calls may ask to go before all others
   */
  record Share(int weight, boolean priority) {
    public static final int MAX_WEIGHT = 1000;
    public static final Share STANDARD = new Share(1, false);
  }
}
