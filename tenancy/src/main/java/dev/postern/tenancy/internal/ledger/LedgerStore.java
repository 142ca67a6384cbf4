package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.internal.quota.LeasedQuotas.Charge;
import io.vertx.core.Future;
import java.util.List;

/** Where entries are recorded for good. */
interface LedgerStore {

  /**
   * Records entries that are not there yet, all or none, and prices them.
   *
   * @return what this gateway's leases were charged so far
   */
  Future<List<Charge>> append(List<Entry> entries);

  /** Whether a failure is about the entries themselves, so that trying again will not help. */
  boolean isRefusal(Throwable failure);
}
