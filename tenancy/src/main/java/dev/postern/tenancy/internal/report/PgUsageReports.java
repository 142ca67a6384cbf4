package dev.postern.tenancy.internal.report;

import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reports that PostgreSQL aggregates. */
public final class PgUsageReports implements UsageReports {
  private static final Duration DAY = Duration.ofDays(1);

  private static final String USER = "CASE WHEN e.subject_kind = 'SESSION' THEN e.subject_id END";
  private static final String API_KEY =
      "CASE WHEN e.subject_kind <> 'SESSION' THEN e.subject_id END";

  /** What reached a model: the rest is in the request list, not in the usage of models. */
  private static final String SERVED =
      "(e.outcome IN ('COMPLETED', 'CANCELLED', 'OUTPUT_BLOCKED') OR e.completion_tokens > 0)";

  private static final String USAGE_SUMS =
      """
      sum(e.prompt_tokens)::bigint AS input_tokens, sum(e.cached_tokens)::bigint AS cached_tokens,
      sum(e.completion_tokens)::bigint AS output_tokens, count(*) AS requests
      FROM usage_events e
      """;

  private static final String COST_SUM = "sum(e.amount) AS amount FROM usage_events e";

  private static final String LINE_SUM =
      """
      sum(l.quantity * l.per_million * 0.000001) AS amount
      FROM usage_events e CROSS JOIN LATERAL (VALUES
        ('input', e.input_quantity, e.input_per_million),
        ('cached', e.cached_quantity, e.cached_per_million),
        ('output', e.output_quantity, e.output_per_million)
      ) AS l (kind, quantity, per_million)
      """;

  private final TenantDb db;
  private final PgOverview overview;

  public PgUsageReports(TenantDb db, InstantSource clock) {
    this.db = db;
    this.overview = new PgOverview(db, clock);
  }

  @Override
  public Future<Buckets<Usage>> usage(TenantId tenant, UsageQuery query) {
    var span = Span.of(query.start(), query.end(), query.width().length(), query.buckets());
    Map<UsageDimension, String> dimensions = new LinkedHashMap<>();
    dimensions.put(UsageDimension.PROJECT, "e.project_id");
    dimensions.put(UsageDimension.USER, USER);
    dimensions.put(UsageDimension.API_KEY, API_KEY);
    dimensions.put(UsageDimension.MODEL, "e.model");
    var conditions = conditions(span, query.filter()).and(SERVED);
    conditions.always("e.endpoint = ANY (?)", endpoints(query.api()));
    return report(
        tenant, span, conditions, grouping(dimensions, query.groupBy()), USAGE_SUMS, this::usage);
  }

  private static String[] endpoints(Api api) {
    return switch (api) {
      case EMBEDDINGS -> new String[] {"EMBEDDINGS", "RERANK", "CLASSIFY"};
      case COMPLETIONS -> new String[] {"CHAT_COMPLETIONS", "COMPLETIONS", "EXPLAIN"};
    };
  }

  private Usage usage(Row row) {
    return new Usage(
        project(row),
        uuid(row, "user"),
        uuid(row, "api_key"),
        text(row, "model"),
        row.getLong("input_tokens"),
        row.getLong("cached_tokens"),
        row.getLong("output_tokens"),
        row.getLong("requests"));
  }

  @Override
  public Future<Buckets<Cost>> costs(TenantId tenant, CostQuery query) {
    var span = Span.of(query.start(), query.end(), DAY, query.buckets());
    Map<CostDimension, String> dimensions = new LinkedHashMap<>();
    dimensions.put(CostDimension.PROJECT, "e.project_id");
    dimensions.put(CostDimension.API_KEY, API_KEY);
    dimensions.put(CostDimension.LINE_ITEM, "e.model || ', ' || l.kind");
    var conditions = conditions(span, query.filter()).and("e.amount IS NOT NULL");
    boolean lines = query.groupBy().contains(CostDimension.LINE_ITEM);
    if (lines) {
      conditions.and("l.quantity > 0");
    }
    return report(
        tenant,
        span,
        conditions,
        grouping(dimensions, query.groupBy()),
        lines ? LINE_SUM : COST_SUM,
        this::cost);
  }

  private Cost cost(Row row) {
    return new Cost(
        project(row), uuid(row, "api_key"), text(row, "line_item"), row.getBigDecimal("amount"));
  }

  @Override
  public Future<Overview> overview(
      TenantId tenant, @Nullable ProjectId project, Instant start, Instant end) {
    return overview.read(tenant, project, start, end);
  }

  /** The buckets of one page: where they start, and where the page ends. */
  private record Span(Instant start, Instant first, Instant end, Duration width, boolean last) {
    static Span of(Instant start, Instant end, Duration width, int buckets) {
      Instant first = Times.floor(start, width);
      Instant pageEnd = first.plus(width.multipliedBy(buckets));
      return pageEnd.isBefore(end)
          ? new Span(start, first, pageEnd, width, false)
          : new Span(start, first, end, width, true);
    }
  }

  private static Conditions conditions(Span span, Filter filter) {
    return new Conditions()
        .always("e.started_at >= ?", Columns.timestamp(span.start()))
        .always("e.started_at < ?", Columns.timestamp(span.end()))
        .and("e.project_id = ANY (?)", uuids(filter.projects(), ProjectId::value))
        .and(USER + " = ANY (?)", uuids(filter.users(), id -> id))
        .and(API_KEY + " = ANY (?)", uuids(filter.apiKeys(), id -> id))
        .and(
            "e.model = ANY (?)",
            filter.models().isEmpty() ? null : filter.models().toArray(String[]::new));
  }

  private static <T> UUID @Nullable [] uuids(Set<T> values, Function<T, UUID> id) {
    return values.isEmpty() ? null : values.stream().map(id).toArray(UUID[]::new);
  }

  /** The chosen dimensions as columns, each with its expression. */
  private static <D extends Enum<D>> Map<String, String> grouping(
      Map<D, String> dimensions, Set<D> chosen) {
    Map<String, String> columns = new LinkedHashMap<>();
    dimensions.forEach((dimension, expression) -> {
      if (chosen.contains(dimension)) {
        columns.put(dimension.name().toLowerCase(Locale.ROOT), expression);
      }
    });
    return columns;
  }

  private <R> Future<Buckets<R>> report(
      TenantId tenant,
      Span span,
      Conditions conditions,
      Map<String, String> columns,
      String sums,
      Function<Row, R> mapper) {
    var select = new StringBuilder("SELECT date_bin(make_interval(secs => ");
    select.append(conditions.bind((double) span.width().toSeconds()));
    select.append("), e.started_at, timestamptz 'epoch') AS bucket, ");
    var group = new StringBuilder("GROUP BY 1");
    int place = 1;
    for (Map.Entry<String, String> column : columns.entrySet()) {
      place++;
      select.append(column.getValue()).append(" AS \"").append(column.getKey()).append("\", ");
      group.append(", ").append(place);
    }
    String sql = select + sums + conditions.where() + group + " ORDER BY 1";
    return db.inTenant(
        tenant,
        connection ->
            connection
                .preparedQuery(sql)
                .execute(conditions.values())
                .map(rows -> buckets(span, rows, mapper)));
  }

  private static <R> Buckets<R> buckets(Span span, RowSet<Row> rows, Function<Row, R> mapper) {
    Map<Instant, List<R>> results = new HashMap<>();
    for (Row row : rows) {
      results
          .computeIfAbsent(Columns.instant(row, "bucket"), start -> new ArrayList<>())
          .add(mapper.apply(row));
    }
    List<Bucket<R>> buckets = new ArrayList<>();
    for (Instant start = span.first(); start.isBefore(span.end()); ) {
      Instant end = start.plus(span.width());
      buckets.add(new Bucket<>(start, end, results.getOrDefault(start, List.of())));
      start = end;
    }
    return new Buckets<>(buckets, span.last() ? null : span.end());
  }

  private static @Nullable ProjectId project(Row row) {
    UUID id = uuid(row, "project");
    return id == null ? null : new ProjectId(id);
  }

  private static @Nullable UUID uuid(Row row, String column) {
    int index = row.getColumnIndex(column);
    return index < 0 ? null : row.getUUID(index);
  }

  private static @Nullable String text(Row row, String column) {
    int index = row.getColumnIndex(column);
    return index < 0 ? null : row.getString(index);
  }
}
