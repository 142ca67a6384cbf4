package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenRateTest {
  private static final long SECOND = 1_000_000_000L;

  @Test
  void averagesTheLastWholeSecondsAndForgetsOlderOnes() {
    var rate = new TokenRate();
    long start = -5 * SECOND;
    for (int second = 0; second < 20; second++) {
      for (int token = 0; token < 30; token++) {
        rate.add(start + second * SECOND + token);
      }
    }
    assertThat(rate.perSecond(start + 19 * SECOND)).isEqualTo(30);
    assertThat(rate.perSecond(start + 25 * SECOND)).isBetween(9.0, 21.0);
    assertThat(rate.perSecond(start + 60 * SECOND)).isZero();
  }
}
