package dev.postern.tenancy;

import java.math.BigDecimal;
import java.time.Duration;

/** Everything tenancy can refuse. Records carry facts; the gateway words them. */
public sealed interface TenancyFailure {
  /** The object does not exist for this tenant; another tenant's object looks the same. */
  record NotFound(String kind, String id) implements TenancyFailure {}

  /** A value breaks a rule of the domain; {@code param} names the field on the wire. */
  record Invalid(String param, String message) implements TenancyFailure {}

  /** The object's state forbids the change, such as a key for an archived project. */
  record Conflict(String message) implements TenancyFailure {}

  /** The API key is unknown, expired, revoked or of an archived project: all look the same. */
  record BadKey() implements TenancyFailure {}

  /** There is no such session, or it has ended. */
  record NoSession() implements TenancyFailure {}

  /** Only the organisation that runs the installation may do this. */
  record OperatorOnly() implements TenancyFailure {}

  /** Wrong e-mail or password. */
  record BadCredentials() implements TenancyFailure {}

  /** Too many attempts to sign in. */
  record TooManyAttempts(Duration retryAfter) implements TenancyFailure {}

  /**
   * A windowed or concurrent limit is used up.
   *
   * @param metric what is limited
   * @param limit the ceiling in the metric's unit
   * @param requested what this call needed, same unit
   * @param impossible true when the call alone is larger than the ceiling, so waiting does not help
   */
  record LimitReached(
      Metric metric,
      String scope,
      long limit,
      long requested,
      boolean impossible,
      Duration retryAfter,
      RateLimitStatus status)
      implements TenancyFailure {}

  /**
   * The money budget of the project is spent.
   *
   * @param ledgerPosition the number of the last ledger entry the decision was made on
   */
  record BudgetSpent(
      BigDecimal limit,
      BigDecimal spent,
      String currency,
      long ledgerPosition,
      RateLimitStatus status)
      implements TenancyFailure {}

  /** PostgreSQL cannot be reached and the answer is not in memory. */
  record StoreUnavailable() implements TenancyFailure {}

  /** What a limit counts. */
  enum Metric {
    REQUESTS_PER_MINUTE,
    TOKENS_PER_MINUTE,
    CONCURRENT_REQUESTS
  }
}
