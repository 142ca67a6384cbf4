package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Ledger;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.internal.quota.LeaseUpkeep;
import dev.postern.tenancy.internal.quota.LeasedQuotas;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Pool;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A gateway's quotas and ledger, which lean on each other, and what keeps them going. */
public final class Metering {
  private static final Logger LOG = LoggerFactory.getLogger(Metering.class);

  private final LeasedQuotas quotas;
  private final GroupCommitLedger ledger;
  private final LeaseUpkeep upkeep;

  private Metering(LeasedQuotas quotas, GroupCommitLedger ledger, LeaseUpkeep upkeep) {
    this.quotas = quotas;
    this.ledger = ledger;
    this.upkeep = upkeep;
  }

  /**
   * Starts to lease and to record, and to record what an earlier run left in the spool.
   *
   * @param pool of its own: reports must not hold up admission
   * @param spoolFolder belongs to this gateway alone and outlives it
   */
  public static Future<Metering> start(
      Vertx vertx,
      Pool pool,
      Prices prices,
      ChangeFeed changes,
      Path spoolFolder,
      DefaultLimits defaults,
      InstantSource clock) {
    var book = new PriceBook(prices, clock);
    return vertx
        .executeBlocking(() -> Spool.open(spoolFolder))
        .compose(spool ->
            book.refresh()
                .map(ready -> start(vertx, pool, book, changes, spool, defaults))
                .onFailure(failure -> close(spool)));
  }

  private static void close(Spool spool) {
    try {
      spool.close();
    } catch (IOException e) {
      LOG.warn("The spool does not close", e);
    }
  }

  private static Metering start(
      Vertx vertx,
      Pool pool,
      PriceBook book,
      ChangeFeed changes,
      Spool spool,
      DefaultLimits defaults) {
    UUID holder = spool.holder();
    var quotas = LeasedQuotas.over(pool, holder, defaults, book::cost);
    var ledger = new GroupCommitLedger(vertx, new PgLedgerStore(pool, holder), spool, quotas);
    changes.subscribe(
        "limits",
        project -> quotas.limitsChanged(new ProjectId(UUID.fromString(project))),
        quotas::limitsChanged);
    changes.subscribe("prices", any -> refresh(book), () -> refresh(book));
    ledger.start();
    return new Metering(quotas, ledger, LeaseUpkeep.start(vertx, quotas));
  }

  private static void refresh(PriceBook book) {
    book.refresh()
        .onFailure(
            failure -> LOG.warn("The price book was not read again: {}", failure.toString()));
  }

  public Quotas quotas() {
    return quotas;
  }

  public Ledger ledger() {
    return ledger;
  }

  public Future<Void> append(List<SecurityEvent> events) {
    return ledger.append(events);
  }

  /** Waits until all that was taken is durable, and returns what is leased. */
  public Future<Void> close() {
    return ledger.close().eventually(upkeep::stop);
  }
}
