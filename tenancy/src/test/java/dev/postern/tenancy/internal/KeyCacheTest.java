package dev.postern.tenancy.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.TenancyConfig;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.testing.SettableClock;
import io.vertx.core.Handler;
import java.time.Duration;
import java.util.HexFormat;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class KeyCacheTest {
  private static final KeyDigest KEY = new KeyDigest(1, 2, 3, 4);
  private static final Principal OWNER =
      new Principal(
          Principal.Kind.ADMIN_KEY, new TenantId(new UUID(0, 1)), null, new UUID(0, 2), "Key");

  private final SettableClock clock = SettableClock.create();
  private final FakeFeed feed = new FakeFeed();
  private final KeyCache cache =
      new KeyCache(TenancyConfig.KeyCache.DEFAULTS, feed, clock, () -> feed.nanos);

  @Test
  void believesAKeyForLessThanASecondWithoutTheFeed() {
    cache.keep(cache.begin(), KEY, OWNER, null);
    feed.pass(Duration.ofMillis(900));
    assertThat(cache.find(KEY)).isEqualTo(OWNER);
    feed.pass(Duration.ofMillis(1));
    assertThat(cache.find(KEY)).isNull();
  }

  @Test
  void believesAKeyForAsLongAsTheFeedIsAlive() {
    cache.keep(cache.begin(), KEY, OWNER, null);
    feed.pass(Duration.ofHours(1));
    feed.confirm();
    assertThat(cache.find(KEY)).isEqualTo(OWNER);
    feed.pass(Duration.ofMillis(901));
    assertThat(cache.find(KEY)).isNull();
  }

  @Test
  void countsFromTheMomentTheLookupBeganNotEnded() {
    var reading = cache.begin();
    feed.pass(Duration.ofMillis(800));
    cache.keep(reading, KEY, OWNER, null);
    feed.pass(Duration.ofMillis(101));
    assertThat(cache.find(KEY)).isNull();
  }

  @Test
  void forgetsWhatTheFeedNamesAndEverythingAfterAGap() {
    feed.confirm();
    cache.keep(cache.begin(), KEY, OWNER, null);
    feed.change.handle(HexFormat.of().formatHex(new KeyDigest(9, 9, 9, 9).bytes()));
    assertThat(cache.find(KEY)).isEqualTo(OWNER);
    feed.change.handle(HexFormat.of().formatHex(KEY.bytes()));
    assertThat(cache.find(KEY)).isNull();
    cache.keep(cache.begin(), KEY, OWNER, null);
    feed.gap.run();
    assertThat(cache.find(KEY)).isNull();
  }

  @Test
  void doesNotKeepAnAnswerThatAChangeOvertook() {
    feed.confirm();
    var reading = cache.begin();
    feed.change.handle(HexFormat.of().formatHex(KEY.bytes()));
    cache.keep(reading, KEY, OWNER, null);
    assertThat(cache.find(KEY)).isNull();
  }

  @Test
  void helpsOutForAWhileWhenNobodyCanBeAsked() {
    cache.keep(cache.begin(), KEY, OWNER, null);
    feed.pass(Duration.ofSeconds(10));
    assertThat(cache.find(KEY)).isNull();
    assertThat(cache.findInOutage(KEY)).isEqualTo(OWNER);
    feed.pass(Duration.ofMillis(1));
    assertThat(cache.findInOutage(KEY)).isNull();
  }

  @Test
  void endsAKeyToTheMillisecond() {
    feed.confirm();
    cache.keep(cache.begin(), KEY, OWNER, clock.instant().plusMillis(5));
    clock.advance(Duration.ofMillis(4));
    assertThat(cache.find(KEY)).isEqualTo(OWNER);
    clock.advance(Duration.ofMillis(1));
    assertThat(cache.find(KEY)).isNull();
    assertThat(cache.findInOutage(KEY)).isNull();
  }

  @Test
  void remembersUnknownKeysForAShortTime() {
    cache.keepUnknown(KEY);
    assertThat(cache.isUnknown(KEY)).isTrue();
    feed.pass(TenancyConfig.KeyCache.DEFAULTS.unknownFor());
    assertThat(cache.isUnknown(KEY)).isFalse();
  }

  @Test
  void reportsAUseOnce() {
    cache.keep(cache.begin(), KEY, OWNER, null);
    var uses = cache.unreportedUses();
    assertThat(uses).extracting(KeyCache.Use::at).containsExactly(clock.instant());
    uses.forEach(KeyCache.Use::reported);
    assertThat(cache.unreportedUses()).isEmpty();
    clock.advance(Duration.ofMillis(1));
    cache.find(KEY);
    assertThat(cache.unreportedUses()).hasSize(1);
  }

  /** A feed whose news and whose time a test makes. */
  private static final class FakeFeed implements ChangeFeed {
    private long nanos;
    private long confirmedAt = Long.MIN_VALUE / 2;
    private Handler<String> change = hash -> {};
    private Runnable gap = () -> {};

    @Override
    public void subscribe(String topic, Handler<String> onChange, Runnable onGap) {
      change = onChange;
      gap = onGap;
    }

    @Override
    public boolean confirmedWithin(Duration age) {
      return nanos - confirmedAt <= age.toNanos();
    }

    void confirm() {
      confirmedAt = nanos;
    }

    void pass(Duration duration) {
      nanos += duration.toNanos();
    }
  }
}
