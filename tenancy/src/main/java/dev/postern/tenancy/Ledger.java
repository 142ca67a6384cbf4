package dev.postern.tenancy;

import io.vertx.core.Future;

/**
 * The append-only record of usage. Group-commits to PostgreSQL and prices each event by the dated
 * price book in the same transaction; while PostgreSQL is away events go to an fsynced spool and
 * are drained later, exactly once.
 */
public interface Ledger {

  /**
   * Records the event and returns what the reservation did not use.
   *
   * @return completes when the event is durable, in PostgreSQL or in the spool. The last byte of an
   *     answer waits for it.
   */
  Future<Void> settle(Quotas.Reservation reservation, UsageEvent event);
}
