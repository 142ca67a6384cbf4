package dev.postern.tenancy;

import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Makes UUIDs of version 7. Those of one process rise strictly, also within a millisecond and when
 * the clock steps back, so an id is the cursor of a list in order of creation.
 */
public final class Ids {
  private static final int COUNTER_BITS = 12;

  private final InstantSource clock;
  private final LongSupplier random;

  /** Milliseconds and, below them, a counter that runs over into the next millisecond. */
  private final AtomicLong last = new AtomicLong();

  public Ids(InstantSource clock) {
    this(clock, () -> ThreadLocalRandom.current().nextLong());
  }

  public Ids(InstantSource clock, LongSupplier random) {
    this.clock = clock;
    this.random = random;
  }

  public UUID next() {
    var now = clock.millis() << COUNTER_BITS;
    var tick = last.updateAndGet(previous -> Math.max(previous + 1, now));
    var high = (tick >>> COUNTER_BITS) << 16 | 0x7000 | tick & 0xfff;
    var low = random.getAsLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
