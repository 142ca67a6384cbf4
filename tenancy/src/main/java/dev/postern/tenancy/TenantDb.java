package dev.postern.tenancy;

import dev.postern.tenancy.internal.Outage;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.function.Function;

/**
 * The only way to PostgreSQL: transactions that tell row-level security whose they are. Fails with
 * {@link TenancyFailure.StoreUnavailable} when PostgreSQL cannot be reached or answers too late.
 */
public final class TenantDb {
  private static final String SET_TENANT =
      """
      SELECT set_config('statement_timeout', $1, true), set_config('postern.tenant', $2, true)
      """;

  private final Pool pool;
  private final String statementTimeout;

  public TenantDb(Pool pool, Duration statementTimeout) {
    this.pool = pool;
    this.statementTimeout = Long.toString(statementTimeout.toMillis());
  }

  /** Runs the work in one transaction that sees and writes this tenant's rows alone. */
  public <T> Future<T> inTenant(TenantId tenant, Function<SqlConnection, Future<T>> work) {
    return inTransaction(tenant.value().toString(), work);
  }

  /**
   * Runs the work in one transaction without a tenant: tenants' rows do not exist for it. For
   * tables that belong to no tenant, and for the functions that the schema offers across tenants.
   */
  public <T> Future<T> asSystem(Function<SqlConnection, Future<T>> work) {
    return inTransaction("", work);
  }

  private <T> Future<T> inTransaction(String tenant, Function<SqlConnection, Future<T>> work) {
    return pool.withTransaction(connection ->
            connection
                .preparedQuery(SET_TENANT)
                .execute(Tuple.of(statementTimeout, tenant))
                .compose(set -> work.apply(connection)))
        .recover(cause -> Future.failedFuture(Outage.translate(cause)));
  }
}
