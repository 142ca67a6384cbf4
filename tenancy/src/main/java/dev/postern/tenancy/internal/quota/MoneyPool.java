package dev.postern.tenancy.internal.quota;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Money of one project's budget that may be spent here, in nanodollars. What a call may cost is
 * reserved until the ledger has recorded what it did cost. The owner's lock guards it.
 */
final class MoneyPool {
  private static final long AHEAD_SECONDS = 5;

  private boolean known;
  private boolean limited;
  private long until;
  private long monthEnd;
  private long epoch;
  private long granted;
  private long returned;
  private long settled;
  private long reserved;
  private long spooled;
  private final Rate rate = new Rate();

  /** Whether it is known if there is a budget, and what is leased is still valid. */
  boolean isKnown(long now) {
    return known && (!limited || until - now > 0);
  }

  /** What a call may still reserve; can be negative. */
  long free() {
    return limited ? granted - returned - settled - reserved : Long.MAX_VALUE;
  }

  void reserve(long nanos, long now) {
    reserved += nanos;
    rate.add(nanos, now);
  }

  void release(long nanos) {
    reserved -= nanos;
  }

  /** The call's event waits in the spool: its price stays reserved until that is drained. */
  void spool(long nanos) {
    spooled += nanos;
  }

  void drained() {
    reserved -= spooled;
    spooled = 0;
  }

  /** The ledger charged this lease; answers may come out of order. */
  void charged(long ofEpoch, long total) {
    if (ofEpoch == epoch) {
      settled = Math.max(settled, total);
    }
  }

  long ahead(long now) {
    return (long) (rate.perSecond(now) * AHEAD_SECONDS);
  }

  /** Takes in a lease; its times count from before the question was sent. */
  void grant(QuotaStore.@Nullable Money money, long sent) {
    known = true;
    limited = money != null;
    if (money == null) {
      return;
    }
    monthEnd = sent + Duration.ofMillis(money.leftMillis()).toNanos();
    extend(sent);
    if (money.epoch() != epoch) {
      epoch = money.epoch();
      granted = money.granted();
      returned = money.returned();
      settled = money.settled();
    } else {
      granted = Math.max(granted, money.granted());
      settled = Math.max(settled, money.settled());
    }
  }

  /** Returns what is not likely to be needed soon. */
  void trim(long now) {
    long spare = limited ? free() - 2 * ahead(now) : 0;
    if (spare > 0) {
      returned += spare;
    }
  }

  long epoch() {
    return epoch;
  }

  long returned() {
    return returned;
  }

  boolean holds() {
    return limited && (granted - returned - settled > 0 || reserved > 0);
  }

  /** The lease was renewed; it never reaches into the next month, which has its own budget. */
  void extend(long sent) {
    long leasedUntil = sent + QuotaStore.MONEY_TTL.toNanos();
    until = monthEnd - leasedUntil < 0 ? monthEnd : leasedUntil;
  }

  /** Nothing is reserved without asking the store again. */
  void forget() {
    known = false;
  }
}
