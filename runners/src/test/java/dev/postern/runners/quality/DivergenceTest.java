package dev.postern.runners.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class DivergenceTest {
  private static float[] logits(double... probabilities) {
    float[] logits = new float[probabilities.length];
    for (int i = 0; i < logits.length; i++) {
      // Logits are free up to a constant.
      logits[i] = (float) (Math.log(probabilities[i]) + 7);
    }
    return logits;
  }

  @Test
  void followsItsDefinition() {
    var distance = new Divergence();
    distance.add(logits(0.5, 0.25, 0.25), logits(0.25, 0.5, 0.25), 1);
    distance.add(logits(0.9, 0.05, 0.05), logits(0.9, 0.05, 0.05), Divergence.NOTHING);
    double first = 0.5 * Math.log(2) + 0.25 * Math.log(0.5);
    assertThat(distance.divergence()).isCloseTo(first / 2, within(1e-6));
    assertThat(distance.perplexity()).isCloseTo(2, within(1e-5));
    assertThat(distance.referencePerplexity()).isCloseTo(4, within(1e-5));
    assertThat(distance.agreement()).isEqualTo(0.5);
    assertThat(distance.positions()).isEqualTo(2);
  }

  @Test
  void isNeverNegativeAndZeroOnlyForEqualExpectations() {
    var random = new Random(11);
    for (int round = 0; round < 200; round++) {
      float[] left = new float[40];
      float[] right = new float[40];
      for (int i = 0; i < left.length; i++) {
        left[i] = (float) (random.nextGaussian() * 5);
        right[i] = (float) (random.nextGaussian() * 5);
      }
      var apart = new Divergence();
      apart.add(left, right, 0);
      assertThat(apart.divergence()).isPositive();
      var same = new Divergence();
      same.add(left, left.clone(), 0);
      assertThat(same.divergence()).isZero();
      assertThat(same.agreement()).isEqualTo(1);
    }
  }
}
