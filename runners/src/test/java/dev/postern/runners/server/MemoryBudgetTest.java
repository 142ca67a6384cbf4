package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Random;
import org.junit.jupiter.api.Test;

class MemoryBudgetTest {
  @Test
  void givesACacheHalfOfWhatIsLeft() {
    var memory = new MemoryBudget(1000);
    assertThat(memory.take(new Footprint(200, 50, 900))).hasValue(400);
    assertThat(memory.free()).isEqualTo(400);
    assertThat(memory.take(new Footprint(200, 50, 80))).hasValue(80);
    assertThat(memory.take(new Footprint(20, 60, 500))).hasValue(60);
    assertThat(memory.take(new Footprint(20, 40, 500))).isEmpty();
    assertThat(memory.free()).isEqualTo(40);
  }

  @Test
  void neverPromisesMoreThanThereIs() {
    var random = new Random(7);
    var memory = new MemoryBudget(10_000);
    var held = new ArrayList<Long>();
    for (int i = 0; i < 5_000; i++) {
      if (!held.isEmpty() && random.nextInt(3) == 0) {
        memory.give(held.remove(random.nextInt(held.size())));
      } else {
        int least = random.nextInt(1000);
        var footprint = new Footprint(random.nextInt(4000), least, least + random.nextInt(9000));
        memory
            .take(footprint)
            .ifPresentOrElse(
                cache -> {
                  assertThat(cache)
                      .isBetween(footprint.leastCacheBytes(), footprint.mostCacheBytes());
                  held.add(footprint.fixedBytes() + cache);
                },
                () -> assertThat(footprint.leastBytes()).isGreaterThan(memory.free()));
      }
      assertThat(memory.taken()).isEqualTo(held.stream().mapToLong(Long::longValue).sum());
      assertThat(memory.free()).isNotNegative();
    }
  }

  @Test
  void takesNothingBackThatItDidNotGive() {
    var memory = new MemoryBudget(10);
    assertThatThrownBy(() -> memory.give(1)).isInstanceOf(IllegalArgumentException.class);
  }
}
