package dev.postern.gateway.testing;

import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import io.vertx.sqlclient.SqlConnection;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers acts; can be broken. */
public final class FakeAuditLog implements AuditLog {
  private final List<Change> acts = new CopyOnWriteArrayList<>();
  private volatile boolean broken;

  public List<Change> acts() {
    return List.copyOf(acts);
  }

  public void breakDown() {
    broken = true;
  }

  @Override
  public Future<Void> record(TenantId tenant, Change act) {
    if (broken) {
      return Future.failedFuture(new TenancyException(new TenancyFailure.StoreUnavailable()));
    }
    acts.add(act);
    return Future.succeededFuture();
  }

  @Override
  public Future<Void> append(SqlConnection connection, Change change) {
    throw new AssertionError("there is no database");
  }

  @Override
  public Future<Page<Entry>> list(TenantId tenant, Filter filter, PageRequest page) {
    throw new AssertionError("nobody reads it");
  }

  @Override
  public Future<OptionalLong> firstBroken(TenantId tenant) {
    throw new AssertionError("nobody checks it");
  }
}
