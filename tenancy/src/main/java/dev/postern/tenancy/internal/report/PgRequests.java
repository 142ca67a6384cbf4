package dev.postern.tenancy.internal.report;

import dev.postern.tenancy.Page;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Lists of the ledger's entries by keyset pages, without a count. */
public final class PgRequests implements Requests {
  private static final String CURSOR = "SELECT started_at FROM usage_events WHERE id = $1";

  private static final String FINDINGS =
      """
      SELECT detector, action, stage, count FROM security_events WHERE request_id = $1 ORDER BY id
      """;

  private final TenantDb db;

  public PgRequests(TenantDb db) {
    this.db = db;
  }

  @Override
  public Future<Page<Entry>> list(TenantId tenant, Filter filter, @Nullable UUID after, int limit) {
    return db.inTenant(
        tenant,
        connection ->
            cursor(connection, after)
                .compose(startedAt -> page(connection, filter, startedAt, after, limit)));
  }

  /** When the last entry of the page before began; null for the first page. */
  private static Future<@Nullable OffsetDateTime> cursor(
      SqlConnection connection, @Nullable UUID after) {
    if (after == null) {
      return Future.succeededFuture();
    }
    return connection
        .preparedQuery(CURSOR)
        .execute(Tuple.of(after))
        .compose(rows ->
            rows.size() == 0
                ? notFound(after)
                : Future.succeededFuture(rows.iterator().next().getOffsetDateTime(0)));
  }

  private static <T> Future<T> notFound(UUID id) {
    return Future.failedFuture(
        new TenancyException(new TenancyFailure.NotFound("request", id.toString())));
  }

  private static Future<Page<Entry>> page(
      SqlConnection connection,
      Filter filter,
      @Nullable OffsetDateTime startedAt,
      @Nullable UUID after,
      int limit) {
    ProjectId project = filter.project();
    UsageEvent.Outcome outcome = filter.outcome();
    var conditions =
        new Conditions()
            .and("e.project_id = ?", project == null ? null : project.value())
            .and("e.started_at >= ?", Columns.timestampOrNull(filter.start()))
            .and("e.started_at < ?", Columns.timestampOrNull(filter.end()))
            .and("e.model = ?", filter.model())
            .and("e.subject_id = ?", filter.subjectId())
            .and("e.outcome = ?", outcome == null ? null : outcome.name());
    if (startedAt != null && after != null) {
      conditions.and(
          "(e.started_at, e.id) < ("
              + conditions.bind(startedAt)
              + ", "
              + conditions.bind(after)
              + ")");
    }
    String sql =
        EventRows.SELECT
            + conditions.where()
            + "ORDER BY e.started_at DESC, e.id DESC LIMIT "
            + conditions.bind(limit + 1);
    return connection
        .preparedQuery(sql)
        .execute(conditions.values())
        .map(rows -> {
          List<Entry> entries = new ArrayList<>(limit);
          for (Row row : rows) {
            if (entries.size() < limit) {
              entries.add(EventRows.entry(row));
            }
          }
          return new Page<>(entries, rows.size() > limit);
        });
  }

  @Override
  public Future<Detail> get(TenantId tenant, @Nullable ProjectId project, UUID id) {
    var conditions =
        new Conditions()
            .and("e.id = ?", id)
            .and("e.project_id = ?", project == null ? null : project.value());
    return db.inTenant(
        tenant,
        connection ->
            connection
                .preparedQuery(EventRows.SELECT + conditions.where())
                .execute(conditions.values())
                .compose(rows ->
                    rows.size() == 0
                        ? notFound(id)
                        : detail(connection, rows.iterator().next(), id)));
  }

  private static Future<Detail> detail(SqlConnection connection, Row row, UUID id) {
    return connection
        .preparedQuery(FINDINGS)
        .execute(Tuple.of(id))
        .map(rows -> {
          List<Finding> findings = new ArrayList<>(rows.size());
          for (Row finding : rows) {
            findings.add(
                new Finding(
                    finding.getString("detector"),
                    finding.getString("action"),
                    finding.getString("stage"),
                    finding.getLong("count")));
          }
          return new Detail(EventRows.entry(row), findings, EventRows.priceLines(row));
        });
  }
}
