package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.ServiceAccounts;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;

/** Service accounts in PostgreSQL. */
public final class PgServiceAccounts implements ServiceAccounts {
  private static final String INSERT =
      """
      INSERT INTO service_accounts (id, tenant_id, project_id, name, created_at)
      VALUES ($1, $2, $3, $4, $5)
      """;

  private static final String GET =
      """
      SELECT id, project_id, name, created_at FROM service_accounts
      WHERE id = $1 AND project_id = $2 AND deleted_at IS NULL
      """;

  private static final String CURSOR = "SELECT FROM service_accounts WHERE id = $1";

  private static final String LIST =
      """
      SELECT id, project_id, name, created_at FROM service_accounts
      WHERE ($1::uuid IS NULL OR id < $1) AND project_id = $3 AND deleted_at IS NULL
      ORDER BY id DESC LIMIT $2
      """;

  private static final String DELETE = "UPDATE service_accounts SET deleted_at = $2 WHERE id = $1";

  private static final String REVOKE_KEYS =
      """
      UPDATE api_keys SET revoked_at = $2 WHERE service_account_id = $1 AND revoked_at IS NULL
      """;

  private final Plumbing plumbing;
  private final PgApiKeys apiKeys;
  private final KeyCache cache;

  public PgServiceAccounts(Plumbing plumbing, PgApiKeys apiKeys, KeyCache cache) {
    this.plumbing = plumbing;
    this.apiKeys = apiKeys;
    this.cache = cache;
  }

  @Override
  public Future<Created> create(Principal actor, ProjectId project, String name) {
    return plumbing
        .db()
        .inTenant(
            actor.tenant(),
            connection ->
                PgProjects.requireActive(connection, project)
                    .compose(active -> create(connection, actor, project, name)));
  }

  private Future<Created> create(
      SqlConnection connection, Principal actor, ProjectId project, String name) {
    var account =
        new ServiceAccount(
            plumbing.ids().next(), project, Names.require("name", name), plumbing.now());
    return connection
        .preparedQuery(INSERT)
        .execute(
            Tuple.of(
                account.id(),
                actor.tenant().value(),
                project.value(),
                account.name(),
                Columns.timestamp(account.createdAt())))
        .compose(inserted ->
            audit(
                connection,
                actor,
                "service_account.created",
                account,
                new JsonObject().put("data", new JsonObject().put("name", account.name()))))
        .compose(recorded ->
            apiKeys.issue(
                connection,
                actor.tenant(),
                Actor.of(actor),
                new PgApiKeys.Draft(
                    ApiKey.Kind.SERVICE_ACCOUNT, project, account.id(), account.name(), null)))
        .map(key -> new Created(account, key));
  }

  @Override
  public Future<Page<ServiceAccount>> list(TenantId tenant, ProjectId project, PageRequest page) {
    return plumbing
        .db()
        .inTenant(
            tenant,
            connection ->
                PgProjects.require(connection, project)
                    .compose(found ->
                        Keyset.page(
                            connection,
                            WireId.SERVICE_ACCOUNT,
                            CURSOR,
                            LIST,
                            page,
                            Tuple.of(project.value()),
                            PgServiceAccounts::account)));
  }

  @Override
  public Future<ServiceAccount> get(TenantId tenant, ProjectId project, UUID id) {
    return plumbing.db().inTenant(tenant, connection -> find(connection, GET, project, id));
  }

  @Override
  public Future<Void> delete(Principal actor, ProjectId project, UUID id) {
    return plumbing
        .db()
        .inTenant(
            actor.tenant(),
            connection ->
                find(connection, GET + "FOR UPDATE", project, id)
                    .compose(found -> delete(connection, actor, found)))
        .onSuccess(deleted -> cache.clear());
  }

  private Future<Void> delete(SqlConnection connection, Principal actor, ServiceAccount found) {
    var arguments = Tuple.of(found.id(), Columns.timestamp(plumbing.now()));
    return connection
        .preparedQuery(DELETE)
        .execute(arguments)
        .compose(done -> connection.preparedQuery(REVOKE_KEYS).execute(arguments))
        .compose(
            done -> audit(connection, actor, "service_account.deleted", found, new JsonObject()));
  }

  private static Future<ServiceAccount> find(
      SqlConnection connection, String sql, ProjectId project, UUID id) {
    return connection
        .preparedQuery(sql)
        .execute(Tuple.of(id, project.value()))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.SERVICE_ACCOUNT.notFound(id));
          }
          return account(rows.iterator().next());
        });
  }

  private Future<Void> audit(
      SqlConnection connection,
      Principal actor,
      String type,
      ServiceAccount account,
      JsonObject detail) {
    var resource = WireId.SERVICE_ACCOUNT.format(account.id());
    return plumbing
        .audit()
        .append(
            connection,
            new AuditLog.Change(
                Actor.of(actor), type, account.project(), resource, detail.put("id", resource)));
  }

  private static ServiceAccount account(Row row) {
    return new ServiceAccount(
        row.getUUID("id"),
        new ProjectId(row.getUUID("project_id")),
        row.getString("name"),
        Columns.instant(row, "created_at"));
  }
}
