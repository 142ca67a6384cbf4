package dev.postern.runners.engine;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Hands the engine's processor time to the rows it was spent on, all of it: what passes between two
 * charges belongs to the later one. What is left when no row is there is nobody's.
 */
final class CpuMeter {
  private final LongSupplier clock;
  private final FairShares shares;
  private long mark;
  private final AtomicLong charged = new AtomicLong();
  private final AtomicLong unattributed = new AtomicLong();

  CpuMeter(LongSupplier clock, FairShares shares) {
    this.clock = clock;
    this.shares = shares;
  }

  /** Forgets what was before; first thing on the engine's thread. */
  void start() {
    mark = clock.getAsLong();
  }

  /** Shares what was spent since the last call equally. */
  void charge(List<Row> rows) {
    long spent = lap();
    if (rows.isEmpty()) {
      unattributed.addAndGet(spent);
      return;
    }
    charged.addAndGet(spent);
    long share = spent / rows.size();
    long rest = spent - share * rows.size();
    for (Row row : rows) {
      row.charge(share + rest);
      shares.charge(row.caller(), share + rest);
      rest = 0;
    }
  }

  private long lap() {
    long now = clock.getAsLong();
    long spent = now - mark;
    mark = now;
    return spent;
  }

  /** Nanoseconds that rows were charged. Any thread. */
  long charged() {
    return charged.get();
  }

  /** Nanoseconds that no row was charged. Any thread. */
  long unattributed() {
    return unattributed.get();
  }
}
