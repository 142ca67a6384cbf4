package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Project;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;

/** Projects in PostgreSQL. */
public final class PgProjects implements Projects {
  private static final String INSERT =
      "INSERT INTO projects (id, tenant_id, name, created_at) VALUES ($1, $2, $3, $4)";

  private static final String SELECT =
      "SELECT id, tenant_id, name, created_at, archived_at FROM projects WHERE id = $1";

  private static final String CURSOR = "SELECT FROM projects WHERE id = $1";

  private static final String LIST =
      """
      SELECT id, tenant_id, name, created_at, archived_at FROM projects
      WHERE ($1::uuid IS NULL OR id < $1) AND ($3 OR archived_at IS NULL)
      ORDER BY id DESC LIMIT $2
      """;

  private static final String RENAME = "UPDATE projects SET name = $2 WHERE id = $1";

  private static final String ARCHIVE = "UPDATE projects SET archived_at = $2 WHERE id = $1";

  private static final String REVOKE_KEYS =
      "UPDATE api_keys SET revoked_at = $2 WHERE project_id = $1 AND revoked_at IS NULL";

  private final Plumbing plumbing;
  private final KeyCache keys;

  public PgProjects(Plumbing plumbing, KeyCache keys) {
    this.plumbing = plumbing;
    this.keys = keys;
  }

  @Override
  public Future<Project> create(Principal actor, String name) {
    return Checked.run(() ->
        plumbing
            .db()
            .inTenant(
                actor.tenant(),
                connection -> create(connection, actor.tenant(), Actor.of(actor), name)));
  }

  /** Creates a project in the tenant's transaction. */
  Future<Project> create(SqlConnection connection, TenantId tenant, Actor actor, String name) {
    var project =
        new Project(
            tenant,
            new ProjectId(plumbing.ids().next()),
            Names.require("name", name),
            plumbing.now(),
            null);
    return connection
        .preparedQuery(INSERT)
        .execute(
            Tuple.of(
                project.id().value(),
                tenant.value(),
                project.name(),
                Columns.timestamp(project.createdAt())))
        .compose(inserted ->
            audit(
                connection,
                actor,
                "project.created",
                project,
                new JsonObject().put("data", new JsonObject().put("name", project.name()))))
        .map(project);
  }

  @Override
  public Future<Page<Project>> list(TenantId tenant, boolean includeArchived, PageRequest page) {
    return plumbing
        .db()
        .inTenant(
            tenant,
            connection ->
                Keyset.page(
                    connection,
                    WireId.PROJECT,
                    CURSOR,
                    LIST,
                    page,
                    Tuple.of(includeArchived),
                    PgProjects::project));
  }

  @Override
  public Future<Project> get(TenantId tenant, ProjectId project) {
    return plumbing.db().inTenant(tenant, connection -> require(connection, project));
  }

  @Override
  public Future<Project> rename(Principal actor, ProjectId id, String name) {
    return Checked.run(() -> {
      var wanted = Names.require("name", name);
      return plumbing
          .db()
          .inTenant(
              actor.tenant(),
              connection ->
                  requireActive(connection, id)
                      .compose(found ->
                          connection
                              .preparedQuery(RENAME)
                              .execute(Tuple.of(id.value(), wanted))
                              .compose(done ->
                                  audit(
                                      connection,
                                      Actor.of(actor),
                                      "project.updated",
                                      found,
                                      new JsonObject()
                                          .put(
                                              "changes_requested",
                                              new JsonObject().put("name", wanted))))
                              .map(
                                  new Project(
                                      found.tenant(), id, wanted, found.createdAt(), null))));
    });
  }

  @Override
  public Future<Project> archive(Principal actor, ProjectId id) {
    return plumbing
        .db()
        .inTenant(
            actor.tenant(),
            connection ->
                lock(connection, id)
                    .compose(found ->
                        found.active()
                            ? archive(connection, actor, found)
                            : Future.succeededFuture(found)))
        .onSuccess(archived -> keys.clear());
  }

  private Future<Project> archive(SqlConnection connection, Principal actor, Project found) {
    var now = plumbing.now();
    var arguments = Tuple.of(found.id().value(), Columns.timestamp(now));
    return connection
        .preparedQuery(ARCHIVE)
        .execute(arguments)
        .compose(done -> connection.preparedQuery(REVOKE_KEYS).execute(arguments))
        .compose(
            done -> audit(connection, Actor.of(actor), "project.archived", found, new JsonObject()))
        .map(new Project(found.tenant(), found.id(), found.name(), found.createdAt(), now));
  }

  /** The project, which stays as it is until the transaction ends; fails when it is archived. */
  static Future<Project> requireActive(SqlConnection connection, ProjectId id) {
    return lock(connection, id)
        .map(project -> {
          if (!project.active()) {
            throw new TenancyException(
                new TenancyFailure.Conflict("the project is archived and cannot change"));
          }
          return project;
        });
  }

  /** The project; fails when this tenant has none of this id. */
  static Future<Project> require(SqlConnection connection, ProjectId id) {
    return find(connection, SELECT, id);
  }

  private static Future<Project> lock(SqlConnection connection, ProjectId id) {
    return find(connection, SELECT + " FOR UPDATE", id);
  }

  private static Future<Project> find(SqlConnection connection, String sql, ProjectId id) {
    return connection
        .preparedQuery(sql)
        .execute(Tuple.of(id.value()))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.PROJECT.notFound(id.value()));
          }
          return project(rows.iterator().next());
        });
  }

  private Future<Void> audit(
      SqlConnection connection, Actor actor, String type, Project project, JsonObject detail) {
    var resource = WireId.PROJECT.format(project.id().value());
    return plumbing
        .audit()
        .append(
            connection,
            new AuditLog.Change(actor, type, project.id(), resource, detail.put("id", resource)));
  }

  private static Project project(Row row) {
    return new Project(
        new TenantId(row.getUUID("tenant_id")),
        new ProjectId(row.getUUID("id")),
        row.getString("name"),
        Columns.instant(row, "created_at"),
        Columns.instantOrNull(row, "archived_at"));
  }
}
