package dev.postern.runners.ort;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RowWorkTest {
  private static final int TRIES = 200;

  /** Of all sizes, and now and then one value that dwarfs the others. */
  private static float[] row(Random random) {
    float[] row = new float[1 + random.nextInt(700)];
    float size = (float) Math.exp(random.nextGaussian() * 6);
    for (int i = 0; i < row.length; i++) {
      row[i] = (float) random.nextGaussian() * size * (random.nextInt(50) == 0 ? 100 : 1);
    }
    return row;
  }

  private static float value(byte code, float step) {
    return ((code & 0xff) - 128) * step;
  }

  @Test
  void oneCodeIsOffByAtMostHalfAStepOfTheRowsLargest() {
    var random = new Random(1);
    for (int i = 0; i < TRIES; i++) {
      float[] row = row(random);
      byte[] codes = new byte[row.length];
      float step = RowWork.quantise(row, codes, row.length);
      float largest = RowWork.largest(row, row.length);
      for (int j = 0; j < row.length; j++) {
        assertThat(Math.abs(value(codes[j], step) - row[j])).isLessThan(largest / 254 * 1.0001f);
      }
    }
  }

  @Test
  void theLargestOfEitherSignHasTheOutermostCode() {
    byte[] codes = new byte[4];
    assertThat(RowWork.quantise(new float[] {-254, 254, 0, 2}, codes, 4)).isEqualTo(2);
    assertThat(codes).containsExactly(1, 255, 128, 129);
  }

  @Test
  void aRowOfZerosStaysOne() {
    byte[] codes = new byte[9];
    float step = RowWork.quantise(new float[9], codes, 9);
    assertThat(step).isPositive().isFinite();
    for (byte code : codes) {
      assertThat(value(code, step)).isZero();
    }
  }

  @Test
  void theSmallestFloatsDoNotOverflowTheirStep() {
    float[] row = {Float.MIN_VALUE, -Float.MIN_NORMAL, 0};
    byte[] codes = new byte[3];
    float step = RowWork.quantise(row, codes, 3);
    for (int i = 0; i < 3; i++) {
      assertThat(value(codes[i], step)).isCloseTo(row[i], within(step / 2));
    }
  }

  /** A broken row has to be seen as one, not to pass for a sound answer. */
  @Test
  void whatIsNotANumberIsNotMadeOne() {
    for (float broken : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
      float[] row = {1, broken, -2};
      byte[] codes = new byte[3];
      float step = RowWork.quantise(row, codes, 3);
      assertThat(Float.isFinite(step)).as("step of a row with %s", broken).isFalse();
    }
  }

  @Test
  void writesNothingBehindARow() {
    byte[] codes = new byte[20];
    Arrays.fill(codes, (byte) 77);
    RowWork.quantise(new float[] {3, 4, 5, 6}, codes, 3);
    assertThat(Arrays.copyOfRange(codes, 3, 20)).containsOnly(77);
  }

  @Test
  void siluIsExactToSixDigits() {
    float[] gates = gates();
    float[] others = new float[gates.length];
    Arrays.fill(others, 3);
    float[] actual = gates.clone();
    RowWork.silu(actual, others, gates.length);
    for (int i = 0; i < gates.length; i++) {
      double exact = 3.0 * gates[i] / (1 + Math.exp(-gates[i]));
      assertThat((double) actual[i])
          .as("silu of %s", gates[i])
          .isCloseTo(exact, within(6e-6 * Math.max(1, Math.abs(exact))));
    }
  }

  @Test
  void geluIsTheTanhFormulaToSixDigits() {
    float[] gates = gates();
    float[] others = new float[gates.length];
    Arrays.fill(others, 1);
    float[] actual = gates.clone();
    RowWork.gelu(actual, others, gates.length);
    for (int i = 0; i < gates.length; i++) {
      double x = gates[i];
      double exact =
          x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * Math.pow(x, 3))));
      assertThat((double) actual[i])
          .as("gelu of %s", x)
          .isCloseTo(exact, within(6e-6 * Math.max(1, Math.abs(x))));
    }
  }

  private static float[] gates() {
    float[] gates = new float[8001];
    for (int i = 0; i < gates.length; i++) {
      gates[i] = (i - 4000) / 100f;
    }
    return gates;
  }

  @Test
  void theMeanSquareIsThatOfAllValuesWhateverTheWidth() {
    var random = new Random(3);
    for (int width = 1; width < 70; width++) {
      float[] row = new float[width + 5];
      double exact = 0;
      for (int i = 0; i < row.length; i++) {
        row[i] = (float) random.nextGaussian() + 2;
        exact += i < width ? (double) row[i] * row[i] / width : 0;
      }
      assertThat((double) RowWork.meanSquare(row, width)).isCloseTo(exact, within(exact * 1e-6));
    }
  }
}
