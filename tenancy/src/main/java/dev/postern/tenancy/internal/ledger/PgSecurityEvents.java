package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.Page;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.SecurityEvents;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Findings: recorded with the ledger's batches, listed by keyset pages. */
public final class PgSecurityEvents implements SecurityEvents {
  private static final String CURSOR = "SELECT created_at FROM security_events WHERE id = $1";

  private static final String LIST =
      """
      SELECT * FROM security_events
      WHERE ($1::uuid IS NULL OR project_id = $1)
        AND ($2::timestamptz IS NULL OR created_at >= $2)
        AND ($3::timestamptz IS NULL OR created_at < $3)
        AND ($4::timestamptz IS NULL OR (created_at, id) < ($4, $5::uuid))
      ORDER BY created_at DESC, id DESC LIMIT $6
      """;

  private final TenantDb db;
  private final Metering metering;

  public PgSecurityEvents(TenantDb db, Metering metering) {
    this.db = db;
    this.metering = metering;
  }

  @Override
  public Future<Void> append(List<SecurityEvent> events) {
    return metering.append(events);
  }

  @Override
  public Future<Page<SecurityEvent>> list(
      TenantId tenant,
      @Nullable ProjectId project,
      @Nullable Instant start,
      @Nullable Instant end,
      @Nullable UUID after,
      int limit) {
    return db.inTenant(
        tenant,
        connection ->
            cursor(connection, after)
                .compose(at -> {
                  var values =
                      Tuple.tuple()
                          .addUUID(project == null ? null : project.value())
                          .addOffsetDateTime(Columns.timestampOrNull(start))
                          .addOffsetDateTime(Columns.timestampOrNull(end))
                          .addOffsetDateTime(at)
                          .addUUID(after)
                          .addInteger(limit + 1);
                  return connection.preparedQuery(LIST).execute(values);
                })
                .map(rows -> {
                  List<SecurityEvent> events = new ArrayList<>(limit);
                  for (Row row : rows) {
                    if (events.size() < limit) {
                      events.add(event(row));
                    }
                  }
                  return new Page<>(events, rows.size() > limit);
                }));
  }

  private static Future<@Nullable OffsetDateTime> cursor(
      SqlConnection connection, @Nullable UUID after) {
    if (after == null) {
      return Future.succeededFuture();
    }
    return connection
        .preparedQuery(CURSOR)
        .execute(Tuple.of(after))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.SECURITY_EVENT.notFound(after));
          }
          return rows.iterator().next().getOffsetDateTime(0);
        });
  }

  private static SecurityEvent event(Row row) {
    return new SecurityEvent(
        row.getUUID("id"),
        new TenantId(row.getUUID("tenant_id")),
        new ProjectId(row.getUUID("project_id")),
        row.getUUID("request_id"),
        Principal.Kind.valueOf(row.getString("subject_kind")),
        row.getUUID("subject_id"),
        Columns.instant(row, "created_at"),
        row.getString("detector"),
        row.getString("action"),
        row.getString("stage"),
        row.getLong("count"));
  }
}
