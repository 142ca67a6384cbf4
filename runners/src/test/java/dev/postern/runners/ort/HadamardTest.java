package dev.postern.runners.ort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class HadamardTest {
  private final Hadamard hadamard = new Hadamard();

  private static float[] row(Random random, int width) {
    float[] row = new float[width];
    for (int i = 0; i < width; i++) {
      row[i] = (float) random.nextGaussian();
    }
    return row;
  }

  private static double product(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += (double) one[i] * other[i];
    }
    return sum;
  }

  @Test
  void productsOfSpreadRowsAreThoseOfTheRowsTimesTheParts() {
    var random = new Random(1);
    for (int width : new int[] {1, 2, 7, 12, 48, 576, 1536, 24}) {
      float[] one = row(random, width);
      float[] other = row(random, width);
      double expected = product(one, other) * Hadamard.parts(width);
      hadamard.spread(one, width);
      hadamard.spread(other, width);
      assertThat(product(one, other)).isCloseTo(expected, within(1e-4 * width));
    }
  }

  @Test
  void aValueThatDwarfsAllOthersIsSpreadOverSixteen() {
    float[] row = new float[576];
    row[100] = 3000;
    hadamard.spread(row, row.length);
    int reached = 0;
    for (float value : row) {
      assertThat(Math.abs(value)).isIn(0f, 3000f);
      reached += value == 0 ? 0 : 1;
    }
    assertThat(reached).isEqualTo(Hadamard.parts(row.length)).isEqualTo(16);
  }

  @Test
  void aRowThatCannotBeHalvedStaysAsItIs() {
    float[] row = row(new Random(2), 35);
    float[] before = row.clone();
    hadamard.spread(row, row.length);
    assertThat(row).containsExactly(before);
  }
}
