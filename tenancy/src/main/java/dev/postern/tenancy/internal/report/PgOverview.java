package dev.postern.tenancy.internal.report;

import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageReports.Overview;
import dev.postern.tenancy.UsageReports.Point;
import dev.postern.tenancy.UsageReports.TopError;
import dev.postern.tenancy.UsageReports.TopKey;
import dev.postern.tenancy.UsageReports.TopModel;
import dev.postern.tenancy.UsageReports.Totals;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The figures of the console's home page. */
final class PgOverview {
  private static final int MAX_POINTS = 100;
  private static final List<Duration> WIDTHS =
      List.of(
          Duration.ofMinutes(1),
          Duration.ofMinutes(5),
          Duration.ofMinutes(15),
          Duration.ofHours(1),
          Duration.ofHours(6),
          Duration.ofDays(1),
          Duration.ofDays(7),
          Duration.ofDays(30));

  private static final String IS_ERROR = "(e.http_status >= 400 OR e.outcome = 'FAILED')";

  private static final String TOTALS =
      """
      SELECT count(*) AS requests, count(*) FILTER (WHERE %s) AS errors,
        percentile_disc(0.95) WITHIN GROUP (ORDER BY e.first_token_micros)
          FILTER (WHERE e.first_token_micros >= 0) AS p95,
        coalesce(sum(e.amount), 0) AS spend
      FROM usage_events e
      """
          .formatted(IS_ERROR);

  private static final String SERIES =
      """
      , e.started_at, timestamptz 'epoch') AS bucket, count(*) AS requests,
        count(*) FILTER (WHERE %s) AS errors
      FROM usage_events e
      """
          .formatted(IS_ERROR);

  private static final String MODELS =
      """
      SELECT e.model AS name, count(*) AS requests, coalesce(sum(e.amount), 0) AS spend
      FROM usage_events e
      """;

  private static final String MODELS_ORDER =
      "GROUP BY e.model ORDER BY spend DESC, requests DESC, name LIMIT 5";

  private static final String KEYS =
      """
      SELECT t.*, coalesce(k.name, u.name) AS name FROM (
        SELECT e.subject_id AS id, count(*) AS requests, coalesce(sum(e.amount), 0) AS spend
        FROM usage_events e
      """;

  private static final String KEYS_ORDER =
      """
        GROUP BY e.subject_id ORDER BY spend DESC, requests DESC, id LIMIT 5
      ) t LEFT JOIN api_keys k ON k.id = t.id LEFT JOIN users u ON u.id = t.id
      ORDER BY t.spend DESC, t.requests DESC, t.id
      """;

  private static final String ERRORS =
      """
      SELECT coalesce(e.error_code, e.http_status::text) AS code, count(*) AS requests
      FROM usage_events e
      """;

  private static final String ERRORS_ORDER = "GROUP BY 1 ORDER BY requests DESC, code LIMIT 5";

  /** For the whole organisation there is no one budget, only what its projects spent. */
  private static final String BUDGET =
      """
      SELECT CASE WHEN $2::uuid IS NULL THEN NULL ELSE max(l.monthly_budget) END AS budget,
        coalesce(sum(s.spent), 0) AS spent
      FROM projects p
      LEFT JOIN project_limits l ON l.project_id = p.id
      LEFT JOIN project_spend s ON s.project_id = p.id AND s.month = $1
      WHERE $2::uuid IS NULL OR p.id = $2
      """;

  private final TenantDb db;
  private final InstantSource clock;

  PgOverview(TenantDb db, InstantSource clock) {
    this.db = db;
    this.clock = clock;
  }

  Future<Overview> read(TenantId tenant, @Nullable ProjectId project, Instant start, Instant end) {
    return db.inTenant(tenant, connection -> new Reading(connection, project, start, end).read());
  }

  /** One page being read; its statements are sent one behind the other on one connection. */
  private final class Reading {
    private final SqlConnection connection;
    private final @Nullable ProjectId project;
    private final Instant start;
    private final Instant end;

    private Reading(
        SqlConnection connection, @Nullable ProjectId project, Instant start, Instant end) {
      this.connection = connection;
      this.project = project;
      this.start = start;
      this.end = end;
    }

    private Future<Overview> read() {
      var length = Duration.between(start, end);
      Future<Totals> current = totals(start, end);
      Future<Totals> previous = totals(start.minus(length), start);
      Future<List<Point>> series = series(width(length));
      Future<List<TopModel>> models = list(MODELS, period(), MODELS_ORDER, PgOverview::model);
      Future<List<TopKey>> keys = list(KEYS, period(), KEYS_ORDER, PgOverview::key);
      Future<List<TopError>> errors =
          list(ERRORS, period().and(IS_ERROR), ERRORS_ORDER, PgOverview::error);
      Future<Row> budget = budget();
      return Future.all(List.of(current, previous, series, models, keys, errors, budget))
          .map(all ->
              new Overview(
                  current.result(),
                  previous.result(),
                  budget.result().getBigDecimal("budget"),
                  budget.result().getBigDecimal("spent"),
                  series.result(),
                  models.result(),
                  keys.result(),
                  errors.result()));
    }

    private Conditions period() {
      return period(start, end);
    }

    private Conditions period(Instant from, Instant to) {
      return new Conditions()
          .and("e.project_id = ?", project == null ? null : project.value())
          .always("e.started_at >= ?", Columns.timestamp(from))
          .always("e.started_at < ?", Columns.timestamp(to));
    }

    private Future<RowSet<Row>> rows(String sql, Conditions conditions) {
      return connection.preparedQuery(sql).execute(conditions.values());
    }

    private <T> Future<List<T>> list(
        String select, Conditions conditions, String order, Function<Row, T> mapper) {
      return rows(select + conditions.where() + order, conditions)
          .map(rows -> {
            List<T> items = new ArrayList<>(rows.size());
            for (Row row : rows) {
              items.add(mapper.apply(row));
            }
            return items;
          });
    }

    private Future<Totals> totals(Instant from, Instant to) {
      var conditions = period(from, to);
      return rows(TOTALS + conditions.where(), conditions)
          .map(rows -> {
            Row row = rows.iterator().next();
            return new Totals(
                row.getLong("requests"),
                row.getLong("errors"),
                row.getLong("p95"),
                row.getBigDecimal("spend"));
          });
    }

    private Future<List<Point>> series(Duration width) {
      var conditions = period();
      String select =
          "SELECT date_bin(make_interval(secs => "
              + conditions.bind((double) width.toSeconds())
              + ")"
              + SERIES;
      return rows(select + conditions.where() + "GROUP BY 1", conditions)
          .map(rows -> {
            Map<Instant, Point> points = new HashMap<>();
            for (Row row : rows) {
              Instant at = Columns.instant(row, "bucket");
              points.put(at, new Point(at, row.getLong("requests"), row.getLong("errors")));
            }
            List<Point> series = new ArrayList<>();
            for (Instant at = Times.floor(start, width); at.isBefore(end); at = at.plus(width)) {
              series.add(points.getOrDefault(at, new Point(at, 0, 0)));
            }
            return series;
          });
    }

    private Future<Row> budget() {
      LocalDate month = Columns.month(clock.instant());
      var values =
          Tuple.tuple().addLocalDate(month).addUUID(project == null ? null : project.value());
      return connection.preparedQuery(BUDGET).execute(values).map(rows -> rows.iterator().next());
    }
  }

  private static Duration width(Duration length) {
    for (Duration width : WIDTHS) {
      if (length.dividedBy(width) <= MAX_POINTS) {
        return width;
      }
    }
    return WIDTHS.getLast();
  }

  private static TopModel model(Row row) {
    return new TopModel(row.getString("name"), row.getLong("requests"), row.getBigDecimal("spend"));
  }

  private static TopKey key(Row row) {
    return new TopKey(
        row.getUUID("id"),
        row.getString("name"),
        row.getLong("requests"),
        row.getBigDecimal("spend"));
  }

  private static TopError error(Row row) {
    return new TopError(row.getString("code"), row.getLong("requests"));
  }
}
