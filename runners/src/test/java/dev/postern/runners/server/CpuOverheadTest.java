package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CpuOverheadTest {
  private long process = 5_000_000;
  private long rows = 1_000;
  private final CpuOverhead overhead = new CpuOverhead(() -> process, () -> rows);

  private void spend(long byRows, long around) {
    rows += byRows;
    process += byRows + around;
  }

  @Test
  void aLoneRequestTakesAllThatWasSpentForIt() {
    overhead.begin();
    spend(800, 200);
    assertThat(overhead.withRows(800)).isEqualTo(1000);
    overhead.end();
  }

  @Test
  void requestsShareByWhatTheirRowsTook() {
    overhead.begin();
    overhead.begin();
    spend(4000, 400);
    assertThat(overhead.withRows(3000)).isEqualTo(3300);
    assertThat(overhead.withRows(1000)).isEqualTo(1100);
  }

  @Test
  void whatIsSpentWhileNobodyAsksIsNobodys() {
    overhead.begin();
    overhead.end();
    spend(0, 1_000_000);
    overhead.begin();
    spend(10, 1);
    assertThat(overhead.withRows(10)).isEqualTo(11);
    overhead.end();
  }

  @Test
  void anEncodersWorkIsNoOverheadOfIts() {
    overhead.begin();
    spend(0, 500);
    assertThat(overhead.without(450)).isEqualTo(500);
    overhead.end();
  }

  @Test
  void aModelThatGoesTakesNothingFromTheOthers() {
    overhead.begin();
    spend(100, 10);
    rows -= 1_000;
    spend(50, 5);
    assertThat(overhead.withRows(50)).isBetween(50L, 1_200L);
    overhead.end();
  }

  @Test
  void whatRequestsAreToldAddsUpToWhatTheProcessTook() {
    var random = new Random(11);
    var charged = new ArrayDeque<Long>();
    long told = 0;
    long before = process;
    overhead.begin();
    for (int i = 0; i < 5_000; i++) {
      if (random.nextInt(3) > 0 || charged.isEmpty()) {
        overhead.begin();
        charged.add(1L + random.nextInt(10_000));
        spend(charged.getLast(), random.nextInt(1_500));
      } else {
        told += overhead.withRows(charged.remove());
        overhead.end();
      }
      if (random.nextInt(10) == 0) {
        long alone = 1 + random.nextInt(3_000);
        spend(0, alone);
        told += overhead.without(alone);
      }
    }
    while (!charged.isEmpty()) {
      told += overhead.withRows(charged.remove());
      overhead.end();
    }
    assertThat(told).isEqualTo(process - before);
  }
}
