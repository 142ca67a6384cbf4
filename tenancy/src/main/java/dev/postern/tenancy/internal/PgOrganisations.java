package dev.postern.tenancy.internal;

import dev.postern.tenancy.Organisation;
import dev.postern.tenancy.Organisations;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;

/** Organisations in PostgreSQL. */
public final class PgOrganisations implements Organisations {
  private static final String INSERT =
      "INSERT INTO organisations (id, name, created_at) VALUES ($1, $2, $3)";

  private static final String SELECT = "SELECT name, created_at FROM organisations WHERE id = $1";

  private static final String OPERATOR = "SELECT FROM organisations WHERE id = $1 AND operator";

  private final Plumbing plumbing;

  public PgOrganisations(Plumbing plumbing) {
    this.plumbing = plumbing;
  }

  @Override
  public Future<Organisation> create(String name) {
    return Checked.run(() -> {
      var organisation = draft(name);
      return plumbing
          .db()
          .inTenant(organisation.id(), connection -> insert(connection, organisation))
          .map(organisation);
    });
  }

  @Override
  public Future<Organisation> get(TenantId tenant) {
    return plumbing
        .db()
        .inTenant(
            tenant,
            connection -> connection.preparedQuery(SELECT).execute(Tuple.of(tenant.value())))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.ORGANISATION.notFound(tenant.value()));
          }
          var row = rows.iterator().next();
          return new Organisation(
              tenant, row.getString("name"), Columns.instant(row, "created_at"));
        });
  }

  @Override
  public Future<Void> requireOperator(TenantId tenant) {
    return plumbing
        .db()
        .inTenant(
            tenant,
            connection -> connection.preparedQuery(OPERATOR).execute(Tuple.of(tenant.value())))
        .compose(rows ->
            rows.size() > 0
                ? Future.succeededFuture()
                : Future.failedFuture(new TenancyException(new TenancyFailure.OperatorOnly())));
  }

  /** A new organisation, not stored yet. */
  Organisation draft(String name) {
    return new Organisation(
        new TenantId(plumbing.ids().next()), Names.require("name", name), plumbing.now());
  }

  /** Stores it; the transaction is of the new tenant. */
  Future<Void> insert(SqlConnection connection, Organisation organisation) {
    return connection
        .preparedQuery(INSERT)
        .execute(
            Tuple.of(
                organisation.id().value(),
                organisation.name(),
                Columns.timestamp(organisation.createdAt())))
        .mapEmpty();
  }
}
