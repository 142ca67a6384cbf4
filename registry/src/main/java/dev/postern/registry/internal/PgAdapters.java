package dev.postern.registry.internal;

import dev.postern.registry.Adapter;
import dev.postern.registry.Adapters;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Adapters in PostgreSQL. */
public final class PgAdapters implements Adapters {
  static final String COLUMNS =
      "id, project_id, base, name, digest, rank, targets, parameters, bytes, created_at";

  private static final String COUNTS =
      """
      SELECT count(*) AS present, count(*) FILTER (WHERE base = $2 AND name = $3) AS taken
      FROM adapters WHERE project_id = $1
      """;

  private static final String LOCK =
      "SELECT pg_advisory_xact_lock(hashtextextended('postern.adapters.' || $1::uuid, 0))";

  private static final String INSERT =
      "INSERT INTO adapters (tenant_id, "
          + COLUMNS
          + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

  private static final String CURSOR = "SELECT FROM adapters WHERE id = $1";

  private static final String LIST =
      "SELECT "
          + COLUMNS
          + """
           FROM adapters
          WHERE ($1::uuid IS NULL OR id < $1) AND ($2::uuid IS NULL OR project_id = $2)
          ORDER BY id DESC LIMIT $3
          """;

  private static final String ONE =
      " FROM adapters WHERE id = $1 AND ($2::uuid IS NULL OR project_id = $2)";

  private static final String GET = "SELECT " + COLUMNS + ONE;

  private static final String DELETE = "DELETE" + ONE + " RETURNING " + COLUMNS;

  private static final String FOREIGN_KEY_VIOLATION = "23503";
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");

  private final PgStore store;
  private final AuditLog audit;

  PgAdapters(PgStore store, AuditLog audit) {
    this.store = store;
    this.audit = audit;
  }

  @Override
  public Future<Void> requireFree(TenantId tenant, ProjectId project, String base, String name) {
    return store.transaction(
        tenant, connection -> requireFree(connection, project.value(), base, name));
  }

  private static Future<Void> requireFree(
      SqlConnection connection, UUID project, String base, String name) {
    if (!NAME.matcher(name).matches()) {
      return Future.failedFuture(
          new RegistryException(
              new RegistryFailure.Invalid(
                  "name",
                  "an adapter's name has lower-case letters, digits, dots, dashes and underscores,"
                      + " at most 64")));
    }
    return connection
        .preparedQuery(COUNTS)
        .execute(Tuple.of(project, base, name))
        .compose(rows -> {
          var counts = rows.iterator().next();
          if (counts.getLong("taken") > 0) {
            return conflict("The project has an adapter of this name for this model.");
          }
          return counts.getLong("present") < MAX_PER_PROJECT
              ? Future.succeededFuture()
              : conflict(
                  "The project has %d adapters, the most there can be; remove one first."
                      .formatted(MAX_PER_PROJECT));
        });
  }

  private static Future<Void> conflict(String message) {
    return Future.failedFuture(new TenancyException(new TenancyFailure.Conflict(message)));
  }

  @Override
  public Future<Adapter> add(Principal actor, Adapter adapter) {
    var project = adapter.project().value();
    return store
        .transaction(
            actor.tenant(),
            connection ->
                connection
                    .preparedQuery(LOCK)
                    .execute(Tuple.of(project))
                    .compose(
                        locked -> requireFree(connection, project, adapter.base(), adapter.name()))
                    .compose(free ->
                        connection.preparedQuery(INSERT).execute(row(actor.tenant(), adapter)))
                    .compose(added -> record(connection, actor, "adapter.imported", adapter)))
        .map(adapter)
        .recover(cause -> Future.failedFuture(unknownProject(cause, adapter.project())));
  }

  private static Tuple row(TenantId tenant, Adapter adapter) {
    var facts = adapter.facts();
    return Tuple.of(tenant.value(), adapter.id(), adapter.project().value())
        .addString(adapter.base())
        .addString(adapter.name())
        .addString(facts.digest())
        .addInteger(facts.rank())
        .addArrayOfString(facts.targets().toArray(String[]::new))
        .addLong(facts.parameters())
        .addLong(facts.bytes())
        .addOffsetDateTime(PgStore.timestamp(adapter.createdAt()));
  }

  @Override
  public Future<Page<Adapter>> list(
      TenantId tenant, @Nullable ProjectId project, PageRequest page) {
    return store.transaction(
        tenant,
        connection ->
            requireCursor(connection, page)
                .compose(known ->
                    connection
                        .preparedQuery(LIST)
                        .execute(Tuple.of(page.after(), id(project), page.limit() + 1)))
                .map(rows -> {
                  var found = new ArrayList<Adapter>();
                  rows.forEach(row -> found.add(adapter(row)));
                  boolean more = found.size() > page.limit();
                  return new Page<>(more ? found.subList(0, page.limit()) : found, more);
                }));
  }

  private static Future<Void> requireCursor(SqlConnection connection, PageRequest page) {
    var after = page.after();
    return after == null
        ? Future.succeededFuture()
        : connection
            .preparedQuery(CURSOR)
            .execute(Tuple.of(after))
            .map(rows -> {
              if (rows.size() == 0) {
                throw new TenancyException(WireId.ADAPTER.notFound(after));
              }
              return null;
            });
  }

  @Override
  public Future<Adapter> get(TenantId tenant, @Nullable ProjectId project, UUID id) {
    return store.transaction(tenant, connection -> find(connection, GET, project, id));
  }

  @Override
  public Future<Adapter> remove(Principal actor, @Nullable ProjectId project, UUID id) {
    return store.transaction(
        actor.tenant(),
        connection ->
            find(connection, DELETE, project, id)
                .compose(
                    removed -> record(connection, actor, "adapter.removed", removed).map(removed)));
  }

  private static Future<Adapter> find(
      SqlConnection connection, String sql, @Nullable ProjectId project, UUID id) {
    return connection
        .preparedQuery(sql)
        .execute(Tuple.of(id, id(project)))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.ADAPTER.notFound(id));
          }
          return adapter(rows.iterator().next());
        });
  }

  private Future<Void> record(
      SqlConnection connection, Principal actor, String type, Adapter adapter) {
    var resource = WireId.ADAPTER.format(adapter.id());
    return audit.append(
        connection,
        new AuditLog.Change(
            Actor.of(actor),
            type,
            adapter.project(),
            resource,
            new JsonObject()
                .put("id", resource)
                .put("model", adapter.model())
                .put("digest", adapter.facts().digest())));
  }

  private static Throwable unknownProject(Throwable cause, ProjectId project) {
    return cause instanceof PgException failure
            && FOREIGN_KEY_VIOLATION.equals(failure.getSqlState())
        ? new TenancyException(WireId.PROJECT.notFound(project.value()))
        : cause;
  }

  private static @Nullable UUID id(@Nullable ProjectId project) {
    return project == null ? null : project.value();
  }

  static Adapter adapter(Row row) {
    return new Adapter(
        row.getUUID("id"),
        new ProjectId(row.getUUID("project_id")),
        row.getString("base"),
        row.getString("name"),
        new Adapter.Facts(
            row.getString("digest"),
            row.getInteger("rank"),
            List.of(row.getArrayOfStrings("targets")),
            row.getLong("parameters"),
            row.getLong("bytes")),
        row.getOffsetDateTime("created_at").toInstant());
  }
}
