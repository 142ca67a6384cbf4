package dev.postern.gateway.testing;

import dev.postern.tenancy.Ledger;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.SecurityEvents;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Remembers events; can be held up or broken. */
public final class FakeLedger implements Ledger, SecurityEvents {
  private final BlockingQueue<UsageEvent> settled = new LinkedBlockingQueue<>();
  private final List<SecurityEvent> findings = new CopyOnWriteArrayList<>();
  private volatile @Nullable Promise<Void> gate;
  private volatile boolean broken;

  /** Events are not durable until the promise is completed. */
  public Promise<Void> holdUp() {
    var promise = Promise.<Void>promise();
    gate = promise;
    return promise;
  }

  public void breakDown() {
    broken = true;
  }

  @Override
  public Future<Void> settle(Quotas.Reservation reservation, UsageEvent event) {
    if (broken) {
      return Future.failedFuture(new TenancyException(new TenancyFailure.StoreUnavailable()));
    }
    settled.add(event);
    var held = gate;
    return held == null ? Future.succeededFuture() : held.future();
  }

  /** The next event, which has to come within a few seconds. */
  public UsageEvent next() throws InterruptedException {
    var event = settled.poll(10, TimeUnit.SECONDS);
    if (event == null) {
      throw new AssertionError("no usage event in 10 s");
    }
    return event;
  }

  public boolean isEmpty() {
    return settled.isEmpty();
  }

  public List<SecurityEvent> findings() {
    return List.copyOf(findings);
  }

  @Override
  public Future<Void> append(List<SecurityEvent> events) {
    findings.addAll(events);
    return Future.succeededFuture();
  }

  @Override
  public Future<Page<SecurityEvent>> list(
      TenantId tenant,
      @Nullable ProjectId project,
      @Nullable Instant start,
      @Nullable Instant end,
      @Nullable UUID after,
      int limit) {
    throw new UnsupportedOperationException();
  }
}
