package dev.postern.registry.internal;

import dev.postern.registry.Deployment;
import dev.postern.registry.Deployments;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Deployments in PostgreSQL. */
public final class PgDeployments implements Deployments {
  private static final String PUT =
      """
      INSERT INTO deployments (tenant_id, name, digest, created_at) VALUES ($1, $2, $3, $4)
      ON CONFLICT (tenant_id, name) DO UPDATE SET digest = excluded.digest
      """;

  private static final String REMOVE =
      "DELETE FROM deployments WHERE tenant_id IS NOT DISTINCT FROM $1 AND name = $2";

  private static final String COLUMNS =
      "SELECT d.tenant_id, d.name, d.created_at, " + PgModels.VERSION_COLUMNS;

  private static final String GET =
      COLUMNS
          + """
           FROM deployments d JOIN model_versions v USING (digest)
          WHERE d.tenant_id IS NOT DISTINCT FROM $1 AND d.name = $2
          """;

  /** A tenant's own comes before one of the same name for all. */
  private static final String LIST =
      COLUMNS.replace("SELECT", "SELECT DISTINCT ON (d.name)")
          + """
           FROM deployments d JOIN model_versions v USING (digest)
          ORDER BY d.name, d.tenant_id NULLS LAST
          """;

  private static final String FOREIGN_KEY_VIOLATION = "23503";
  private static final String FOR_ALL = "postern";

  /** What fits into a URL's path and a log line, as model names of other platforms do. */
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}");

  private final PgStore store;

  PgDeployments(PgStore store) {
    this.store = store;
  }

  @Override
  public Future<Deployment> put(@Nullable TenantId tenant, String name, String digest) {
    if (!NAME.matcher(name).matches()) {
      return Future.failedFuture(
          new RegistryException(
              new RegistryFailure.Invalid(
                  "name", "a model's name has letters, digits and . _ : / - only")));
    }
    return store
        .transaction(
            tenant,
            connection ->
                connection
                    .preparedQuery(PUT)
                    .execute(
                        Tuple.of(id(tenant), name, digest)
                            .addOffsetDateTime(PgStore.timestamp(store.now())))
                    .compose(done -> find(connection, tenant, name)))
        .recover(cause -> Future.failedFuture(unknownDigest(cause, digest)));
  }

  @Override
  public Future<Void> remove(@Nullable TenantId tenant, String name) {
    return store.transaction(
        tenant,
        connection ->
            connection.preparedQuery(REMOVE).execute(Tuple.of(id(tenant), name)).mapEmpty());
  }

  @Override
  public Future<List<Deployment>> list(TenantId tenant) {
    return store.list(tenant, LIST, PgDeployments::deployment);
  }

  private static Future<Deployment> find(
      SqlConnection connection, @Nullable TenantId tenant, String name) {
    return connection
        .preparedQuery(GET)
        .execute(Tuple.of(id(tenant), name))
        .map(rows -> deployment(rows.iterator().next()));
  }

  static Deployment deployment(Row row) {
    var tenant = row.getUUID("tenant_id");
    return new Deployment(
        row.getString("name"),
        PgModels.version(row),
        tenant == null ? FOR_ALL : WireId.ORGANISATION.format(tenant),
        row.getOffsetDateTime("created_at").toInstant());
  }

  private static Throwable unknownDigest(Throwable cause, String digest) {
    return cause instanceof PgException failure
            && FOREIGN_KEY_VIOLATION.equals(failure.getSqlState())
        ? new RegistryException(new RegistryFailure.ModelNotFound(digest))
        : cause;
  }

  private static @Nullable UUID id(@Nullable TenantId tenant) {
    return tenant == null ? null : tenant.value();
  }
}
