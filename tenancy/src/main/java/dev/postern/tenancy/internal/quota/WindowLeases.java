package dev.postern.tenancy.internal.quota;

import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Units of one metric that a gateway may spend, each lease until its end. What expires unspent, or
 * comes back when its lease has ended, waits to be returned to the store. Times are monotonic
 * nanoseconds; the owner's lock guards it.
 */
final class WindowLeases {

  /**
   * One grant.
   *
   * <p>{@code slot} is the store's name of the second in which the units are counted.
   */
  static final class Lease {
    private final long slot;
    private final long until;
    private long unspent;
    private boolean dropped;

    private Lease(long slot, long until, long unspent) {
      this.slot = slot;
      this.until = until;
      this.unspent = unspent;
    }
  }

  /** Units spent from a lease, and from which other leases the rest came. */
  record Taken(Lease lease, long units, @Nullable Taken rest) {}

  /** Those with something left, the one that ends first at the head. */
  private final PriorityQueue<Lease> leases =
      new PriorityQueue<>((a, b) -> Long.signum(a.until - b.until));

  private Map<Long, Long> returns = new HashMap<>();
  private long available;
  private long returning;
  private long debt;

  void add(long slot, long until, long units) {
    if (units > 0) {
      leases.add(new Lease(slot, until, units));
      available += units;
    }
  }

  long available(long now) {
    for (Lease first = leases.peek();
        first != null && first.until - now <= 0;
        first = leases.peek()) {
      leases.remove();
      available -= first.unspent;
      putBack(first.slot, first.unspent);
    }
    return available;
  }

  /** Spends units that {@link #available} has just shown. */
  @Nullable Taken take(long units) {
    Taken taken = null;
    long left = units;
    while (left > 0) {
      Lease first = leases.element();
      long part = Math.min(left, first.unspent);
      first.unspent -= part;
      available -= part;
      left -= part;
      taken = new Taken(first, part, taken);
      if (first.unspent == 0) {
        leases.remove();
      }
    }
    return taken;
  }

  /** Undoes part of a {@link #take}. */
  void giveBack(@Nullable Taken taken, long units, long now) {
    long left = units;
    for (Taken piece = taken; piece != null && left > 0; piece = piece.rest) {
      long part = Math.min(left, piece.units);
      left -= part;
      Lease lease = piece.lease;
      if (lease.dropped || lease.until - now <= 0) {
        putBack(lease.slot, part);
        continue;
      }
      lease.unspent += part;
      if (lease.unspent == part) {
        leases.add(lease);
      }
      available += part;
    }
  }

  /** Spends units that were used without having been reserved. */
  void owe(long units, long now) {
    long covered = Math.min(units, available(now));
    take(covered);
    debt += units - covered;
  }

  /** Lets go of everything that is not spent. */
  void drop() {
    for (Lease lease : leases) {
      lease.dropped = true;
      putBack(lease.slot, lease.unspent);
    }
    leases.clear();
    available = 0;
  }

  /** Unspent units that the store still counts. */
  long unspent() {
    return available + returning - debt;
  }

  boolean hasReturns() {
    return returning > 0 || debt > 0;
  }

  /** Takes out what is to go back to the store, by slot. */
  Map<Long, Long> takeReturns() {
    Map<Long, Long> taken = returns;
    returns = new HashMap<>();
    returning = 0;
    return taken;
  }

  /** Takes out what was used beyond what the store knows. */
  long takeDebt() {
    long taken = debt;
    debt = 0;
    return taken;
  }

  private void putBack(long slot, long units) {
    if (units > 0) {
      returns.merge(slot, units, Long::sum);
      returning += units;
    }
  }
}
