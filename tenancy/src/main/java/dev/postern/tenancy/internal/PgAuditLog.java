package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The audit log in PostgreSQL, which numbers and chains the entries itself. */
public final class PgAuditLog implements AuditLog {
  private static final String APPEND = "SELECT append_audit($1, $2, $3, $4, $5, $6, $7, $8, $9)";

  private static final String CURSOR = "SELECT number FROM audit_log WHERE id = $1";

  private static final String FILTERED =
      """
      SELECT id, number, at, actor_type, actor_id, actor_name, type, project_id, resource, detail
      FROM audit_log
      WHERE ($1::bigint IS NULL OR number < $1)
        AND ($2::bigint IS NULL OR number > $2)
        AND ($3::timestamptz IS NULL OR at >= $3)
        AND ($4::timestamptz IS NULL OR at <= $4)
        AND (cardinality($5::uuid[]) = 0 OR project_id = ANY ($5))
        AND (cardinality($6::text[]) = 0 OR type = ANY ($6))
        AND (cardinality($7::uuid[]) = 0 OR actor_id = ANY ($7))
        AND (cardinality($8::text[]) = 0 OR resource = ANY ($8))
      """;

  private static final String NEWEST_FIRST = FILTERED + "ORDER BY number DESC LIMIT $9";

  private static final String NEXT_BEFORE =
      "SELECT * FROM (" + FILTERED + "ORDER BY number LIMIT $9) page ORDER BY number DESC";

  private static final String FIRST_BROKEN = "SELECT first_broken_audit()";

  private final TenantDb db;
  private final Ids ids;
  private final InstantSource clock;

  public PgAuditLog(TenantDb db, Ids ids, InstantSource clock) {
    this.db = db;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Future<Void> append(SqlConnection connection, Change change) {
    var project = change.project();
    return connection
        .preparedQuery(APPEND)
        .execute(
            Tuple.of(ids.next(), Columns.timestamp(clock.instant().truncatedTo(ChronoUnit.MICROS)))
                .addString(Columns.word(change.actor().type()))
                .addUUID(change.actor().id())
                .addString(change.actor().name())
                .addString(change.type())
                .addUUID(project == null ? null : project.value())
                .addString(change.resource())
                .addJsonObject(change.detail()))
        .mapEmpty();
  }

  @Override
  public Future<Void> record(TenantId tenant, Change change) {
    return db.inTenant(tenant, connection -> append(connection, change));
  }

  @Override
  public Future<Page<Entry>> list(TenantId tenant, Filter filter, PageRequest page) {
    return db.inTenant(
        tenant,
        connection ->
            number(connection, page.after())
                .compose(after ->
                    number(connection, filter.before())
                        .compose(before -> read(connection, filter, after, before, page))));
  }

  private static Future<Page<Entry>> read(
      SqlConnection connection,
      Filter filter,
      @Nullable Long after,
      @Nullable Long before,
      PageRequest page) {
    var projects = filter.projects().stream().map(ProjectId::value).toArray(UUID[]::new);
    var arguments =
        Tuple.of(
            after,
            before,
            Columns.timestampOrNull(filter.from()),
            Columns.timestampOrNull(filter.to()));
    arguments
        .addArrayOfUUID(projects)
        .addArrayOfString(filter.types().toArray(String[]::new))
        .addArrayOfUUID(filter.actors().toArray(UUID[]::new))
        .addArrayOfString(filter.resources().toArray(String[]::new));
    if (before == null) {
      return connection
          .preparedQuery(NEWEST_FIRST)
          .execute(arguments.addInteger(page.limit() + 1))
          .map(rows -> Keyset.pageOf(rows, page.limit(), PgAuditLog::entry));
    }
    // Read towards the newest, so the surplus row that tells of more is the first one.
    return connection
        .preparedQuery(NEXT_BEFORE)
        .execute(arguments.addInteger(page.limit() + 1))
        .map(rows -> {
          var entries = new ArrayList<Entry>();
          rows.forEach(row -> entries.add(entry(row)));
          var more = entries.size() > page.limit();
          return new Page<>(more ? entries.subList(1, entries.size()) : entries, more);
        });
  }

  /** The number of a cursor's entry; null without a cursor. */
  private static Future<@Nullable Long> number(SqlConnection connection, @Nullable UUID cursor) {
    if (cursor == null) {
      return Future.succeededFuture();
    }
    return connection
        .preparedQuery(CURSOR)
        .execute(Tuple.of(cursor))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.AUDIT_LOG.notFound(cursor));
          }
          return rows.iterator().next().getLong("number");
        });
  }

  @Override
  public Future<OptionalLong> firstBroken(TenantId tenant) {
    return db.inTenant(
        tenant,
        connection ->
            connection
                .query(FIRST_BROKEN)
                .execute()
                .map(rows -> {
                  var number = rows.iterator().next().getLong(0);
                  return number == null ? OptionalLong.empty() : OptionalLong.of(number);
                }));
  }

  private static Entry entry(Row row) {
    var project = row.getUUID("project_id");
    return new Entry(
        row.getUUID("id"),
        row.getLong("number"),
        Columns.instant(row, "at"),
        new Change(
            new Actor(
                Columns.constant(Actor.Type.class, row.getString("actor_type")),
                row.getUUID("actor_id"),
                row.getString("actor_name")),
            row.getString("type"),
            project == null ? null : new ProjectId(project),
            row.getString("resource"),
            row.get(JsonObject.class, "detail")));
  }
}
