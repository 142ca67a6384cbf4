package dev.postern.tenancy.internal.report;

import dev.postern.tenancy.Exports;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reads by keyset, each batch in a transaction of its own: a slow reader holds neither a connection
 * nor a snapshot. The highest ledger position at the beginning bounds what is read.
 */
public final class PgExports implements Exports {
  private static final int BATCH = 500;
  private static final String HIGHEST = "SELECT coalesce(max(position), 0) FROM usage_events e";

  private final TenantDb db;

  public PgExports(TenantDb db) {
    this.db = db;
  }

  @Override
  public Future<Long> usage(
      TenantId tenant,
      @Nullable ProjectId project,
      Instant start,
      Instant end,
      Function<List<Requests.Entry>, Future<Void>> sink) {
    var conditions = conditions(project, start, end);
    return db.<Long>inTenant(
            tenant,
            connection ->
                connection
                    .preparedQuery(HIGHEST + conditions.where())
                    .execute(conditions.values())
                    .map(rows -> rows.iterator().next().getLong(0)))
        .compose(highest -> new Run(tenant, project, start, end, highest, sink).next(null, 0));
  }

  private static Conditions conditions(@Nullable ProjectId project, Instant start, Instant end) {
    return new Conditions()
        .and("e.project_id = ?", project == null ? null : project.value())
        .always("e.started_at >= ?", Columns.timestamp(start))
        .always("e.started_at < ?", Columns.timestamp(end));
  }

  /** One export under way. */
  private final class Run {
    private final TenantId tenant;
    private final @Nullable ProjectId project;
    private final Instant start;
    private final Instant end;
    private final long highest;
    private final Function<List<Requests.Entry>, Future<Void>> sink;

    private Run(
        TenantId tenant,
        @Nullable ProjectId project,
        Instant start,
        Instant end,
        long highest,
        Function<List<Requests.Entry>, Future<Void>> sink) {
      this.tenant = tenant;
      this.project = project;
      this.start = start;
      this.end = end;
      this.highest = highest;
      this.sink = sink;
    }

    private Future<Long> next(Requests.@Nullable Entry last, long before) {
      return read(last)
          .compose(batch -> {
            if (batch.isEmpty()) {
              return Future.succeededFuture(before);
            }
            long count = before + batch.size();
            Future<Void> taken = sink.apply(batch);
            return batch.size() < BATCH
                ? taken.map(count)
                : taken.compose(done -> next(batch.getLast(), count));
          });
    }

    private Future<List<Requests.Entry>> read(Requests.@Nullable Entry last) {
      var conditions = conditions(project, start, end).always("e.position <= ?", highest);
      if (last != null) {
        conditions.and(
            "(e.started_at, e.id) > ("
                + conditions.bind(Columns.timestamp(last.event().startedAt()))
                + ", "
                + conditions.bind(last.event().id())
                + ")");
      }
      String sql =
          EventRows.SELECT
              + conditions.where()
              + "ORDER BY e.started_at, e.id LIMIT "
              + conditions.bind(BATCH);
      return db.inTenant(
          tenant,
          connection ->
              connection
                  .preparedQuery(sql)
                  .execute(conditions.values())
                  .map(rows -> {
                    List<Requests.Entry> entries = new ArrayList<>(rows.size());
                    for (Row row : rows) {
                      entries.add(EventRows.entry(row));
                    }
                    return entries;
                  }));
    }
  }
}
