package dev.postern.tenancy.internal.report;

import dev.postern.tenancy.Invoices;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Invoices straight from the ledger's rows, which keep the prices they were billed by. */
public final class PgInvoices implements Invoices {
  private static final String CURRENCY = "usd";

  /** One statement, so that the lines and the total see the same events. */
  private static final String INVOICE =
      """
      WITH event AS (
        SELECT * FROM usage_events WHERE started_at >= $1 AND started_at < $2
      ), head AS (
        SELECT count(*) AS requests, count(*) FILTER (WHERE amount IS NULL) AS unpriced,
          coalesce(max(position), 0) AS position, coalesce(sum(amount), 0) AS total
        FROM event
      ), line AS (
        SELECT e.project_id, e.model, l.kind, l.place, l.per_million, l.since,
          sum(l.quantity)::bigint AS quantity,
          sum(l.quantity) * l.per_million * 0.000001 AS amount
        FROM event e CROSS JOIN LATERAL (VALUES
          ('input', 1, e.input_quantity, e.input_per_million, e.input_from),
          ('cached', 2, e.cached_quantity, e.cached_per_million, e.cached_from),
          ('output', 3, e.output_quantity, e.output_per_million, e.output_from)
        ) AS l (kind, place, quantity, per_million, since)
        WHERE e.amount IS NOT NULL AND l.quantity > 0
        GROUP BY e.project_id, e.model, l.kind, l.place, l.per_million, l.since
      )
      SELECT head.*, line.project_id, p.name AS project_name, line.model, line.kind,
        line.per_million, line.since, line.quantity, line.amount
      FROM head LEFT JOIN line ON true LEFT JOIN projects p ON p.id = line.project_id
      ORDER BY p.name, line.project_id, line.model, line.place, line.since
      """;

  private final TenantDb db;

  public PgInvoices(TenantDb db) {
    this.db = db;
  }

  @Override
  public Future<Invoice> invoice(TenantId tenant, YearMonth period) {
    var months =
        Tuple.of(Columns.timestamp(start(period)), Columns.timestamp(start(period.plusMonths(1))));
    return db.inTenant(
        tenant,
        connection ->
            connection
                .preparedQuery(INVOICE)
                .execute(months)
                .map(rows -> invoice(tenant, period, rows)));
  }

  private static Instant start(YearMonth month) {
    return month.atDay(1).atStartOfDay(ZoneOffset.UTC).toInstant();
  }

  private static Invoice invoice(TenantId tenant, YearMonth period, RowSet<Row> rows) {
    List<Line> lines = new ArrayList<>(rows.size());
    for (Row row : rows) {
      if (row.getString("kind") != null) {
        lines.add(line(row));
      }
    }
    Row head = rows.iterator().next();
    return new Invoice(
        tenant,
        period,
        CURRENCY,
        lines,
        head.getBigDecimal("total"),
        head.getLong("requests"),
        head.getLong("unpriced"),
        head.getLong("position"));
  }

  private static Line line(Row row) {
    return new Line(
        new ProjectId(row.getUUID("project_id")),
        row.getString("project_name"),
        row.getString("model"),
        Prices.Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
        row.getBigDecimal("per_million"),
        Columns.instant(row, "since"),
        row.getLong("quantity"),
        row.getBigDecimal("amount"));
  }
}
