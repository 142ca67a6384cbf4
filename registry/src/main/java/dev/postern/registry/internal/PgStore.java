package dev.postern.registry.internal;

import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.function.Function;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** Transactions that fail in the registry's words. */
record PgStore(TenantDb db, InstantSource clock) {

  /**
   * @param tenant null to act for all tenants, which is the operator
   */
  <T> Future<T> transaction(@Nullable TenantId tenant, Function<SqlConnection, Future<T>> work) {
    var done = tenant == null ? db.asSystem(work) : db.inTenant(tenant, work);
    return done.recover(cause -> Future.failedFuture(translate(cause)));
  }

  /** Every row of a query without values. */
  <T> Future<List<T>> list(@Nullable TenantId tenant, String sql, Function<Row, T> row) {
    return transaction(
        tenant,
        connection ->
            connection
                .query(sql)
                .execute()
                .map(rows -> StreamSupport.stream(rows.spliterator(), false).map(row).toList()));
  }

  /** This moment, to the microsecond that PostgreSQL keeps. */
  Instant now() {
    return clock.instant().truncatedTo(ChronoUnit.MICROS);
  }

  static OffsetDateTime timestamp(Instant instant) {
    return instant.atOffset(ZoneOffset.UTC);
  }

  static boolean isOutage(Throwable cause) {
    return cause instanceof RegistryException refusal
        && refusal.failure() instanceof RegistryFailure.StoreUnavailable;
  }

  private static Throwable translate(Throwable cause) {
    return cause instanceof TenancyException refusal
            && refusal.failure() instanceof TenancyFailure.StoreUnavailable
        ? new RegistryException(new RegistryFailure.StoreUnavailable())
        : cause;
  }
}
