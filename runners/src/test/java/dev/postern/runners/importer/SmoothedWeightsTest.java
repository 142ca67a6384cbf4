package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.onnx.Matrix;
import dev.postern.runners.testing.FloatMatrix;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Layers of random numbers, in which some channels are far larger than others. */
class SmoothedWeightsTest {
  private static final int WIDTH = 16;
  private static final int HEADS = 4;
  private static final int KEY_VALUE_HEADS = 2;
  private static final int HEAD_WIDTH = 16;
  private static final int FEED_FORWARD = 24;
  private static final int VOCABULARY = 10;

  private static final DecoderConfig CONFIG =
      new DecoderConfig(
          "llama",
          1,
          WIDTH,
          HEADS,
          KEY_VALUE_HEADS,
          HEAD_WIDTH,
          FEED_FORWARD,
          VOCABULARY,
          64,
          1e-5f,
          DecoderConfig.Activation.SILU,
          1,
          1,
          0,
          0,
          false,
          true,
          false,
          true,
          Rotary.plain(10_000, HEAD_WIDTH),
          null,
          List.of(),
          List.of());

  private final Random random = new Random(11);
  private final WeightSource plain = new RandomWeights(new Random(12));
  private final Map<String, float[]> largest = largest();
  private final WeightSource smooth =
      new SmoothedWeights(plain, CONFIG, new Calibration.Sizes(largest), 0.5);

  private record RandomWeights(Random random, Map<String, float[][]> made) implements WeightSource {
    RandomWeights(Random random) {
      this(random, new HashMap<>());
    }

    @Override
    public Matrix matrix(String name, int rows, int columns) {
      return new FloatMatrix(made.computeIfAbsent(name, _ -> uneven(rows, columns)));
    }

    @Override
    public float[] vector(String name, int length) {
      return made.computeIfAbsent(name, _ -> uneven(1, length))[0].clone();
    }

    private float[][] uneven(int rows, int columns) {
      float[][] values = new float[rows][columns];
      for (float[] row : values) {
        for (int i = 0; i < columns; i++) {
          row[i] = (float) random.nextGaussian() * (i % 5 == 0 ? 20 : 1);
        }
      }
      return values;
    }
  }

  private Map<String, float[]> largest() {
    var sizes = new HashMap<String, float[]>();
    sizes.put("layer.0.attention_in", uneven(WIDTH));
    sizes.put("layer.0.attended", uneven(HEADS * HEAD_WIDTH));
    sizes.put("layer.0.feed_forward_in", uneven(WIDTH));
    sizes.put("layer.0.product", uneven(FEED_FORWARD));
    sizes.put("last.normed", uneven(WIDTH));
    return sizes;
  }

  private float[] uneven(int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = 0.1f + random.nextFloat() * (i % 7 == 0 ? 300 : 1);
    }
    return values;
  }

  private double[] gaussian(int length) {
    return random.doubles(length, -2, 2).toArray();
  }

  private static double[] product(WeightSource weights, String name, int rows, double[] input) {
    Matrix matrix = weights.matrix(name, rows, input.length);
    float[] row = new float[input.length];
    double[] product = new double[rows];
    for (int i = 0; i < rows; i++) {
      matrix.row(i, row);
      for (int j = 0; j < row.length; j++) {
        product[i] += row[j] * input[j];
      }
    }
    return product;
  }

  private static double[] product(WeightSource weights, Projection projection, double[] input) {
    return product(weights, projection.in(0), CONFIG.rows(projection), input);
  }

  private static double[] times(double[] values, float[] factors) {
    double[] result = new double[values.length];
    for (int i = 0; i < values.length; i++) {
      result[i] = values[i] * factors[i];
    }
    return result;
  }

  private static void assertSame(double[] actual, double[] expected) {
    double size = Arrays.stream(expected).map(Math::abs).max().orElseThrow();
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < actual.length; i++) {
      assertThat(actual[i]).isCloseTo(expected[i], within(size * 1e-5));
    }
  }

  @Test
  void aNormAndTheProductsBehindItGiveTheSame() {
    double[] x = gaussian(WIDTH);
    for (Projection projection : List.of(Projection.Q, Projection.K)) {
      assertSame(
          product(smooth, projection, times(x, smooth.vector("layer.0.attention_norm", WIDTH))),
          product(plain, projection, times(x, plain.vector("layer.0.attention_norm", WIDTH))));
    }
    assertSame(
        product(
            smooth, Projection.GATE, times(x, smooth.vector("layer.0.feed_forward_norm", WIDTH))),
        product(
            plain, Projection.GATE, times(x, plain.vector("layer.0.feed_forward_norm", WIDTH))));
  }

  @Test
  void theHeadGivesTheSameAndTheEmbeddingItSharesBytesWithIsUntouched() {
    double[] x = gaussian(WIDTH);
    assertSame(
        product(smooth, "head", VOCABULARY, times(x, smooth.vector("output_norm", WIDTH))),
        product(plain, "embed", VOCABULARY, times(x, plain.vector("output_norm", WIDTH))));
    assertThat(product(smooth, "embed", VOCABULARY, x))
        .isEqualTo(product(plain, "embed", VOCABULARY, x));
  }

  /** Attention mixes values of one channel only, so one position stands for all. */
  private static double[] attended(WeightSource weights, double[] x) {
    double[] values =
        product(weights, Projection.V, times(x, weights.vector("layer.0.attention_norm", WIDTH)));
    float[] bias = weights.vector("layer.0.v_bias", values.length);
    double[] spread = new double[HEADS * HEAD_WIDTH];
    for (int head = 0; head < HEADS; head++) {
      int from = head / (HEADS / KEY_VALUE_HEADS) * HEAD_WIDTH;
      for (int i = 0; i < HEAD_WIDTH; i++) {
        // Each head weighs positions in its own way.
        spread[head * HEAD_WIDTH + i] = (values[from + i] + bias[from + i]) * (head + 1);
      }
    }
    return product(weights, Projection.O, spread);
  }

  @Test
  void valuesAndWhatTheHeadsOfAGroupMakeOfThemGiveTheSame() {
    double[] x = gaussian(WIDTH);
    assertSame(attended(smooth, x), attended(plain, x));
  }

  private static double[] fedForward(WeightSource weights, double[] x) {
    double[] normed = times(x, weights.vector("layer.0.feed_forward_norm", WIDTH));
    double[] gates = product(weights, Projection.GATE, normed);
    double[] product = product(weights, Projection.UP, normed);
    for (int i = 0; i < product.length; i++) {
      product[i] *= gates[i] / (1 + Math.exp(-gates[i]));
    }
    return product(weights, Projection.DOWN, product);
  }

  @Test
  void aGatedFeedForwardGivesTheSame() {
    double[] x = gaussian(WIDTH);
    assertSame(fedForward(smooth, x), fedForward(plain, x));
  }

  /** Largest over smallest of the inputs' channels, before and after. */
  @Test
  void inputsAreEvenerThanBefore() {
    float[] before = Objects.requireNonNull(largest.get("layer.0.attention_in"));
    float[] plainNorm = plain.vector("layer.0.attention_norm", WIDTH);
    float[] smoothNorm = smooth.vector("layer.0.attention_norm", WIDTH);
    double[] after = new double[WIDTH];
    double[] sizes = new double[WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      sizes[i] = before[i];
      after[i] = before[i] * (double) smoothNorm[i] / plainNorm[i];
    }
    assertThat(spread(after)).isLessThan(spread(sizes) / 3);
  }

  private static double spread(double[] values) {
    return Arrays.stream(values).max().orElseThrow() / Arrays.stream(values).min().orElseThrow();
  }
}
