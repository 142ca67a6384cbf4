package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class PrefillPaceTest {
  private final PrefillPace pace = new PrefillPace(128);

  /** Rounds of one chunk, where there is one, and one step. */
  private double averageGap(double chunkBase, double chunkToken, long step, int rounds) {
    double sum = 0;
    for (int i = 0; i < rounds; i++) {
      int chunk = pace.chunk(true);
      double took = chunk == 0 ? 0 : chunkBase + chunkToken * chunk;
      if (chunk > 0) {
        pace.fed(chunk, (long) took, true);
      }
      pace.stepped(step);
      sum += took + step;
    }
    return sum / rounds;
  }

  @Test
  void feedsWholeChunksWhenNobodyDecodes() {
    assertThat(pace.chunk(false)).isEqualTo(128);
  }

  @Test
  void growsTheChunkToWhatAStepTakes() {
    pace.stepped(1000);
    assertThat(averageGap(100, 10, 1000, 50)).isLessThanOrEqualTo(2000);
    assertThat(pace.chunk(true)).isEqualTo(64);
  }

  @Test
  void leavesStepsOutWhereTheSmallestChunkTakesLonger() {
    pace.stepped(1000);
    assertThat(averageGap(2000, 100, 1000, 100)).isBetween(1500.0, 2050.0);
  }
}
