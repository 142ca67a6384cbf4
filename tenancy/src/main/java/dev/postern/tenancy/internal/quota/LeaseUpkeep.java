package dev.postern.tenancy.internal.quota;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One timer a gateway: returns what expired, renews what is held, sweeps up. */
public final class LeaseUpkeep {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseUpkeep.class);
  private static final long TICK_MILLIS = 500;

  /** Well within the time that leases last without a sign of life. */
  private static final int TICKS_TO_KEEP = 4;

  private static final int TICKS_TO_SWEEP = 120;

  private final Vertx vertx;
  private final LeasedQuotas quotas;
  private final long timer;
  private int ticks;
  private boolean working;

  private LeaseUpkeep(Vertx vertx, LeasedQuotas quotas) {
    this.vertx = vertx;
    this.quotas = quotas;
    this.timer = vertx.setPeriodic(TICK_MILLIS, tick -> work());
  }

  public static LeaseUpkeep start(Vertx vertx, LeasedQuotas quotas) {
    return new LeaseUpkeep(vertx, quotas);
  }

  private void work() {
    ticks++;
    if (working) {
      return;
    }
    working = true;
    Future<Void> work = quotas.returnExpired();
    if (ticks % TICKS_TO_KEEP == 0) {
      work = work.eventually(quotas::keep);
    }
    if (ticks % TICKS_TO_SWEEP == 0) {
      work = work.eventually(quotas::sweep);
    }
    work.onComplete((done, failure) -> {
      working = false;
      if (failure != null) {
        LOG.debug("Leases were not renewed: {}", failure.toString());
      }
    });
  }

  /** Stops and returns everything. */
  public Future<Void> stop() {
    vertx.cancelTimer(timer);
    return quotas.leave();
  }
}
