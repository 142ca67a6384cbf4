package dev.postern.gateway;

import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;

/** UUIDs of version 7: they begin with the time, so that rows of one minute lie together. */
public final class RequestIds {
  private final InstantSource clock;

  public RequestIds(InstantSource clock) {
    this.clock = clock;
  }

  public UUID next() {
    var random = ThreadLocalRandom.current();
    var high = clock.millis() << 16 | 0x7000 | random.nextInt(1 << 12);
    var low = random.nextLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }
}
