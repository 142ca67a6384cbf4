package dev.postern.tenancy;

import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Aggregates of the ledger, computed by the database. Amounts are exact US dollars. */
public interface UsageReports {

  /** Token and request counts in contiguous buckets, empty ones included. */
  Future<Buckets<Usage>> usage(TenantId tenant, UsageQuery query);

  /** Amounts in contiguous buckets of a day, empty ones included. */
  Future<Buckets<Cost>> costs(TenantId tenant, CostQuery query);

  /**
   * The figures of the console's home page.
   *
   * @param project null for the whole organisation
   * @param end exclusive; the previous period has the same length and ends at {@code start}
   */
  Future<Overview> overview(
      TenantId tenant, @Nullable ProjectId project, Instant start, Instant end);

  /** Which calls a usage report counts. */
  enum Api {
    /** Chat and text completions together, and explanations of them. */
    COMPLETIONS,
    /** All that encoders answer: rerankings and classifications too. */
    EMBEDDINGS
  }

  /** Length of a usage bucket; buckets start at whole multiples of it. */
  enum Width {
    MINUTE(Duration.ofMinutes(1)),
    HOUR(Duration.ofHours(1)),
    DAY(Duration.ofDays(1));

    private final Duration length;

    Width(Duration length) {
      this.length = length;
    }

    public Duration length() {
      return length;
    }
  }

  /** What usage can be grouped by. */
  enum UsageDimension {
    PROJECT,
    USER,
    API_KEY,
    MODEL
  }

  /** What costs can be grouped by. */
  enum CostDimension {
    PROJECT,
    API_KEY,
    /** The model and what was billed, such as {@code smollm2-135m-instruct, input}. */
    LINE_ITEM
  }

  /** Keeps rows that match every set; an empty set matches all. */
  record Filter(Set<ProjectId> projects, Set<UUID> users, Set<UUID> apiKeys, Set<String> models) {
    public static final Filter ALL = new Filter(Set.of(), Set.of(), Set.of(), Set.of());
  }

  /**
   * A usage report.
   *
   * @param start inclusive; the first bucket is the one that holds it
   * @param end exclusive
   * @param buckets how many buckets at most
   */
  record UsageQuery(
      Api api,
      Instant start,
      Instant end,
      Width width,
      Set<UsageDimension> groupBy,
      Filter filter,
      int buckets) {}

  /** A cost report; as {@link UsageQuery} with buckets of a day. */
  record CostQuery(
      Instant start, Instant end, Set<CostDimension> groupBy, Filter filter, int buckets) {}

  /**
   * A page of a report.
   *
   * @param next where the following page starts; null when this is the last
   */
  record Buckets<R>(List<Bucket<R>> buckets, @Nullable Instant next) {}

  /** One stretch of time with a result for each group that has any. */
  record Bucket<R>(Instant start, Instant end, List<R> results) {}

  /** Sums of a group; a dimension that was not grouped by is null. */
  record Usage(
      @Nullable ProjectId project,
      @Nullable UUID user,
      @Nullable UUID apiKey,
      @Nullable String model,
      long inputTokens,
      long cachedTokens,
      long outputTokens,
      long requests) {}

  /** The amount of a group; a dimension that was not grouped by is null. */
  record Cost(
      @Nullable ProjectId project,
      @Nullable UUID apiKey,
      @Nullable String lineItem,
      BigDecimal amount) {}

  /** The console's home page. Tops hold at most five entries, largest first. */
  record Overview(
      Totals current,
      Totals previous,
      @Nullable BigDecimal budget,
      BigDecimal budgetSpent,
      List<Point> series,
      List<TopModel> topModels,
      List<TopKey> topKeys,
      List<TopError> topErrors) {}

  /**
   * A period in figures.
   *
   * @param errors calls that ended with an HTTP status of 400 or more, or failed half way
   * @param p95FirstTokenMicros null when no call had a first token
   */
  record Totals(long requests, long errors, @Nullable Long p95FirstTokenMicros, BigDecimal spend) {}

  /** One point of the home page's chart. */
  record Point(Instant start, long requests, long errors) {}

  record TopModel(String name, long requests, BigDecimal spend) {}

  /** {@code name} is null for a key or user that was deleted for good. */
  record TopKey(UUID id, @Nullable String name, long requests, BigDecimal spend) {}

  record TopError(String code, long requests) {}
}
