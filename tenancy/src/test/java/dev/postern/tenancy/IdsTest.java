package dev.postern.tenancy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.tenancy.testing.SettableClock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class IdsTest {
  private final SettableClock clock = SettableClock.create();
  private final Ids ids = new Ids(clock, () -> -1L);

  @Test
  void areOfVersionSevenWithTheTimeInFront() {
    var id = ids.next();
    assertThat(id.version()).isEqualTo(7);
    assertThat(id.variant()).isEqualTo(2);
    assertThat(id.getMostSignificantBits() >>> 16).isEqualTo(clock.millis());
  }

  @Test
  void riseWithinAMillisecondAndWhenTheClockStepsBack() {
    var made = new ArrayList<UUID>();
    for (var i = 0; i < 5_000; i++) {
      made.add(ids.next());
    }
    clock.advance(Duration.ofSeconds(-10));
    made.add(ids.next());
    clock.advance(Duration.ofSeconds(20));
    made.add(ids.next());
    assertThat(made.stream().map(UUID::toString)).isSorted().doesNotHaveDuplicates();
  }

  @Test
  void areReadBackFromTheirTextOnTheWire() {
    var id = ids.next();
    for (var kind : WireId.values()) {
      assertThat(kind.parse(kind.format(id))).contains(id);
      assertThat(kind.format(id)).hasSizeGreaterThan(32).doesNotContain(" ");
    }
  }

  @Test
  void haveOneSpelling() {
    var good = WireId.PROJECT.format(ids.next());
    assertThat(good).startsWith("proj_");
    for (var junk :
        List.of(
            "",
            "proj_",
            good + "0",
            good.substring(0, good.length() - 1),
            good.replace("proj_", "key_0"),
            good.toUpperCase(java.util.Locale.ROOT),
            good.substring(0, 10) + "g" + good.substring(11),
            good.substring(0, 5) + "-" + good.substring(6),
            good.substring(0, 5) + "AB" + good.substring(7))) {
      assertThat(WireId.PROJECT.parse(junk)).as(junk).isEmpty();
    }
  }

  @Test
  void thatAreJunkNameNothing() {
    assertThatThrownBy(() -> WireId.USER.require("user-1"))
        .isInstanceOfSatisfying(
            TenancyException.class,
            refused ->
                assertThat(refused.failure())
                    .isEqualTo(new TenancyFailure.NotFound("user", "user-1")));
  }
}
