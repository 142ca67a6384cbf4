package dev.postern.tenancy.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.TenancyConfig;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Keys in memory. What is here is believed only while it cannot have been revoked for longer than
 * {@link #BELIEVED}: either it was read that short ago, or the feed proves that no news of it is
 * missing.
 */
public final class KeyCache {
  /** Leaves a tenth of the promised second to the way of the answer. */
  static final Duration BELIEVED = Duration.ofMillis(900);

  static final String TOPIC = "keys";

  private final Cache<KeyDigest, Entry> known;
  private final Cache<KeyDigest, Boolean> unknown;
  private final ChangeFeed feed;
  private final InstantSource clock;
  private final Ticker ticker;
  private final Duration outageGrace;

  /** Counts what was dropped, so that an answer that was on its way meanwhile is not kept. */
  private final AtomicLong drops = new AtomicLong();

  public KeyCache(
      TenancyConfig.KeyCache config, ChangeFeed feed, InstantSource clock, Ticker ticker) {
    this.feed = feed;
    this.clock = clock;
    this.ticker = ticker;
    this.outageGrace = config.outageGrace();
    this.known = Caffeine.newBuilder().maximumSize(config.maxKeys()).build();
    this.unknown =
        Caffeine.newBuilder()
            .maximumSize(config.maxKeys())
            .expireAfterWrite(config.unknownFor())
            .ticker(ticker)
            .build();
    feed.subscribe(TOPIC, hash -> drop(KeyDigest.ofHex(hash)), this::clear);
  }

  /** The owner of a key that is good at this moment; null when nothing certain is known. */
  @Nullable Principal find(KeyDigest digest) {
    return find(digest, BELIEVED);
  }

  /** The same while PostgreSQL cannot be asked. */
  @Nullable Principal findInOutage(KeyDigest digest) {
    return find(digest, outageGrace);
  }

  private @Nullable Principal find(KeyDigest digest, Duration believed) {
    var entry = known.getIfPresent(digest);
    if (entry == null
        || !(feed.confirmedWithin(believed)
            || ticker.read() - entry.readAt <= believed.toNanos())) {
      return null;
    }
    var now = clock.millis();
    if (now >= entry.expiresAt) {
      return null;
    }
    entry.usedAt = now;
    return entry.principal;
  }

  boolean isUnknown(KeyDigest digest) {
    return unknown.getIfPresent(digest) != null;
  }

  /** Taken before a key is looked up. */
  Reading begin() {
    return new Reading(drops.get(), ticker.read());
  }

  /** Keeps what a reading found, unless something was dropped since it began. */
  void keep(Reading reading, KeyDigest digest, Principal principal, @Nullable Instant expiresAt) {
    var entry =
        new Entry(
            principal,
            expiresAt == null ? Long.MAX_VALUE : expiresAt.toEpochMilli(),
            reading.at(),
            clock.millis());
    known.put(digest, entry);
    // Looked at after the entry is in: whoever drops later finds it there.
    if (drops.get() != reading.drops()) {
      known.asMap().remove(digest, entry);
    }
  }

  void keepUnknown(KeyDigest digest) {
    known.invalidate(digest);
    unknown.put(digest, Boolean.TRUE);
  }

  void drop(KeyDigest digest) {
    drops.incrementAndGet();
    known.invalidate(digest);
  }

  void clear() {
    drops.incrementAndGet();
    known.invalidateAll();
  }

  /** Uses that have not been reported. */
  List<Use> unreportedUses() {
    var uses = new ArrayList<Use>();
    for (var entry : known.asMap().values()) {
      if (entry.usedAt > entry.reportedAt) {
        uses.add(new Use(entry, entry.principal.id(), Instant.ofEpochMilli(entry.usedAt)));
      }
    }
    return uses;
  }

  /** When and after how many drops a key was looked up. */
  record Reading(long drops, long at) {}

  /** The last use of a key. */
  record Use(Entry entry, UUID key, Instant at) {
    void reported() {
      entry.reportedAt = at.toEpochMilli();
    }
  }

  /** What is known of a key; milliseconds since 1970, but readAt in the ticker's nanoseconds. */
  static final class Entry {
    private final Principal principal;
    private final long expiresAt;
    private final long readAt;
    private volatile long usedAt;
    private volatile long reportedAt;

    Entry(Principal principal, long expiresAt, long readAt, long usedAt) {
      this.principal = principal;
      this.expiresAt = expiresAt;
      this.readAt = readAt;
      this.usedAt = usedAt;
    }
  }
}
