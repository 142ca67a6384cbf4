package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Bootstrap;
import dev.postern.tenancy.Organisation;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Project;
import dev.postern.tenancy.User;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.util.Optional;

/** The start of an organisation, in one transaction. */
public final class PgBootstrap implements Bootstrap {
  private static final String CLAIM = "SELECT door.claim_first_start()";

  private final Plumbing plumbing;
  private final Passwords passwords;
  private final PgOrganisations organisations;
  private final PgProjects projects;
  private final PgUsers users;
  private final PgApiKeys keys;

  public PgBootstrap(
      Plumbing plumbing,
      Passwords passwords,
      PgOrganisations organisations,
      PgProjects projects,
      PgUsers users,
      PgApiKeys keys) {
    this.plumbing = plumbing;
    this.passwords = passwords;
    this.organisations = organisations;
    this.projects = projects;
    this.users = users;
    this.keys = keys;
  }

  @Override
  public Future<Optional<Created>> run(String organisationName, String adminEmail) {
    return Checked.run(() -> {
      var organisation = organisations.draft(organisationName);
      var admin = users.draft(organisation.id(), adminEmail, "Administrator", User.Role.OWNER);
      return plumbing
          .db()
          .inTenant(
              organisation.id(),
              connection ->
                  connection
                      .query(CLAIM)
                      .execute()
                      .compose(rows ->
                          rows.iterator().next().getBoolean(0)
                              ? create(connection, organisation, admin).map(Optional::of)
                              : Future.succeededFuture(Optional.empty())));
    });
  }

  @Override
  public Future<Created> add(Principal operator, String organisationName, String adminEmail) {
    return Checked.run(() -> {
      var organisation = organisations.draft(organisationName);
      var admin = users.draft(organisation.id(), adminEmail, "Administrator", User.Role.OWNER);
      return organisations
          .requireOperator(operator.tenant())
          .compose(may ->
              plumbing
                  .db()
                  .inTenant(
                      organisation.id(), connection -> create(connection, organisation, admin)))
          .recover(PgUsers::emailTaken)
          .compose(created -> audited(operator, created));
    });
  }

  private Future<Created> audited(Principal operator, Created created) {
    var resource = WireId.ORGANISATION.format(created.organisation().id().value());
    return plumbing
        .db()
        .inTenant(
            operator.tenant(),
            connection ->
                plumbing
                    .audit()
                    .append(
                        connection,
                        new AuditLog.Change(
                            Actor.of(operator),
                            "organization.created",
                            null,
                            resource,
                            new JsonObject().put("id", resource))))
        .map(created);
  }

  private Future<Created> create(SqlConnection connection, Organisation organisation, User admin) {
    var tenant = organisation.id();
    var password = passwords.generate();
    return passwords
        .hash(password)
        .compose(hash ->
            organisations
                .insert(connection, organisation)
                .compose(done -> users.insert(connection, Actor.SYSTEM, admin, hash)))
        .compose(done -> projects.create(connection, tenant, Actor.SYSTEM, "Default"))
        .compose(project -> firstKeys(connection, organisation, project, admin, password));
  }

  private Future<Created> firstKeys(
      SqlConnection connection,
      Organisation organisation,
      Project project,
      User admin,
      String password) {
    var tenant = organisation.id();
    return keys.issue(
            connection,
            tenant,
            Actor.SYSTEM,
            new PgApiKeys.Draft(ApiKey.Kind.PROJECT, project.id(), null, "First key", null))
        .compose(projectKey ->
            keys.issue(
                    connection,
                    tenant,
                    Actor.SYSTEM,
                    new PgApiKeys.Draft(ApiKey.Kind.ADMIN, null, null, "First admin key", null))
                .map(adminKey ->
                    new Created(organisation, project, admin, password, projectKey, adminKey)));
  }
}
