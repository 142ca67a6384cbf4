package dev.postern.runners.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtSession;
import dev.postern.runners.ort.CustomOps;
import dev.postern.runners.testing.FloatMatrix;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small graphs in ONNX Runtime against the same arithmetic in Java. */
class Int8FormatsIT {
  private static final int ROWS = 96;
  private static final int COLUMNS = 128;
  private static final int POSITIONS = 5;

  @TempDir private Path folder;

  /** Rows on evenly spaced levels. */
  private record Levels(FloatMatrix floats, float[][] levelSteps) implements Matrix {
    @Override
    public int rows() {
      return floats.rows();
    }

    @Override
    public int columns() {
      return floats.columns();
    }

    @Override
    public void row(int index, float[] into) {
      floats.row(index, into);
    }

    @Override
    public void steps(int index, float[] steps) {
      System.arraycopy(levelSteps[index], 0, steps, 0, steps.length);
    }
  }

  private static FloatMatrix random(long seed) {
    Random random = new Random(seed);
    float[][] values = new float[ROWS][COLUMNS];
    for (float[] row : values) {
      for (int i = 0; i < COLUMNS; i++) {
        row[i] = (float) random.nextGaussian();
      }
    }
    // A block of nothing but zeros has no scale.
    Arrays.fill(values[3], 32, 64, 0);
    return new FloatMatrix(values);
  }

  private static Levels onSixteenLevels(long seed) {
    Random random = new Random(seed);
    float[][] values = new float[ROWS][COLUMNS];
    float[][] steps = new float[ROWS][COLUMNS / 32];
    for (int row = 0; row < ROWS; row++) {
      for (int block = 0; block < COLUMNS / 32; block++) {
        float step = 0.01f + random.nextFloat();
        float low = -step * 15 * random.nextFloat();
        steps[row][block] = step;
        for (int i = 0; i < 32; i++) {
          values[row][block * 32 + i] = low + step * (i < 2 ? i * 15 : random.nextInt(16));
        }
      }
    }
    return new Levels(new FloatMatrix(values), steps);
  }

  private interface Use {
    void emit(OnnxGraph graph, LinearFormat.StoredMatrix stored) throws Exception;
  }

  private float[] run(
      LinearFormat format, String name, Matrix matrix, Use use, String input, OnnxTensor value)
      throws Exception {
    Path work = Files.createTempDirectory(folder, "graph");
    try (var weights = new WeightFile(work.resolve("weights.bin"))) {
      var graph = new OnnxGraph("test", weights);
      use.emit(graph, format.store(graph, name, matrix));
      graph.write(work.resolve("model.onnx"));
    }
    var options = new OrtSession.SessionOptions();
    CustomOps.register(options);
    try (options;
        var session =
            OrtEnvironment.getEnvironment()
                .createSession(work.resolve("model.onnx").toString(), options);
        var result = session.run(Map.of(input, value))) {
      FloatBuffer buffer = ((OnnxTensor) result.get(0)).getFloatBuffer();
      float[] values = new float[buffer.remaining()];
      buffer.get(values);
      return values;
    }
  }

  private float[] product(LinearFormat format, String name, Matrix matrix, float[] input)
      throws Exception {
    try (OnnxTensor value =
        OnnxTensor.createTensor(
            OrtEnvironment.getEnvironment(),
            FloatBuffer.wrap(input),
            new long[] {1, input.length / COLUMNS, COLUMNS})) {
      Use use =
          (graph, stored) -> {
            graph.input("x", TensorType.FLOAT, 1, "positions", COLUMNS);
            graph.output("y", TensorType.FLOAT, 1, "positions", ROWS);
            stored.multiply("x", "y");
          };
      return run(format, name, matrix, use, "x", value);
    }
  }

  private float[] stored(LinearFormat format, Matrix matrix) throws Exception {
    long[] ids = LongStream.range(0, ROWS).toArray();
    try (OnnxTensor value =
        OnnxTensor.createTensor(
            OrtEnvironment.getEnvironment(), LongBuffer.wrap(ids), new long[] {1, ROWS})) {
      Use use =
          (graph, stored) -> {
            graph.input("ids", TensorType.INT64, 1, "count");
            graph.output("y", TensorType.FLOAT, 1, "count", COLUMNS);
            stored.rows("ids", "y");
          };
      return run(format, "w", matrix, use, "ids", value);
    }
  }

  /** Some inputs are a thousand times the others, as they are in real models. */
  private static float[] input(long seed) {
    Random random = new Random(seed);
    float[] input = new float[POSITIONS * COLUMNS];
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) random.nextGaussian() * (i % 61 == 0 ? 1000 : 1);
    }
    Arrays.fill(input, 64, 96, 0);
    return input;
  }

  private static double relativeError(FloatMatrix matrix, float[] input, float[] actual) {
    double error = 0;
    double size = 0;
    for (int position = 0; position < POSITIONS; position++) {
      for (int row = 0; row < ROWS; row++) {
        double exact = 0;
        for (int i = 0; i < COLUMNS; i++) {
          exact += (double) matrix.values()[row][i] * input[position * COLUMNS + i];
        }
        error += Math.pow(actual[position * ROWS + row] - exact, 2);
        size += exact * exact;
      }
    }
    return Math.sqrt(error / size);
  }

  @Test
  void multipliesInBlocksWithinAPercent() throws Exception {
    float[] input = input(2);
    float[] actual = product(new BlockInt8Format(), "w", random(1), input);
    assertThat(relativeError(random(1), input, actual)).isLessThan(0.01);
  }

  @Test
  void multipliesWholeRowsWithinAPercentWhereTheyAreEven() throws Exception {
    float[] input = new float[POSITIONS * COLUMNS];
    Random random = new Random(5);
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) random.nextGaussian();
    }
    float[] actual = product(new RowInt8Format(), "w", random(1), input);
    assertThat(relativeError(random(1), input, actual)).isLessThan(0.015);
  }

  /** A scale for a whole row is coarse for all but its largest values, unless they are spread. */
  @Test
  void multipliesRowsWithinAPercentWhereOneValueDwarfsAllOthers() throws Exception {
    float[] input = new float[POSITIONS * COLUMNS];
    Random random = new Random(7);
    for (int i = 0; i < input.length; i++) {
      input[i] = (float) random.nextGaussian() * (i % COLUMNS == 17 ? 30 : 1);
    }
    float[] actual = product(new RowInt8Format(), "w", random(1), input);
    assertThat(relativeError(random(1), input, actual)).isLessThan(0.015);
  }

  /** Each row alone and among others: the same bits. */
  @Test
  void multipliesARowTheSameWhoeverIsBesideIt() throws Exception {
    float[] input = input(6);
    float[] together = product(new RowInt8Format(), "w", random(1), input);
    for (int position = 0; position < POSITIONS; position++) {
      float[] alone =
          product(
              new RowInt8Format(),
              "w",
              random(1),
              Arrays.copyOfRange(input, position * COLUMNS, (position + 1) * COLUMNS));
      assertThat(Arrays.copyOfRange(together, position * ROWS, (position + 1) * ROWS))
          .isEqualTo(alone);
    }
  }

  @Test
  void keepsAnyValueWithinHalfAStepOfItsBlocksRange() throws Exception {
    FloatMatrix matrix = random(3);
    float[] stored = stored(new BlockInt8Format(), matrix);
    for (int row = 0; row < ROWS; row++) {
      for (int from = 0; from < COLUMNS; from += 32) {
        float low = 0;
        float high = 0;
        for (int i = from; i < from + 32; i++) {
          low = Math.min(low, matrix.values()[row][i]);
          high = Math.max(high, matrix.values()[row][i]);
        }
        for (int i = from; i < from + 32; i++) {
          float error = Math.abs(stored[row * COLUMNS + i] - matrix.values()[row][i]);
          // The zero point is rounded too, which can push the outermost value by half a step.
          assertThat(error).isLessThanOrEqualTo((high - low) / 255 * 1.01f);
        }
      }
    }
  }

  @Test
  void putsSixteenLevelsOnCodesWithinAThirtiethOfAStep() throws Exception {
    Levels matrix = onSixteenLevels(4);
    float[] stored = stored(new BlockInt8Format(), matrix);
    double squares = 0;
    for (int row = 0; row < ROWS; row++) {
      for (int i = 0; i < COLUMNS; i++) {
        float step = matrix.levelSteps()[row][i / 32];
        double error =
            Math.abs(stored[row * COLUMNS + i] - matrix.floats().values()[row][i]) / step;
        assertThat(error).isLessThan(1 / 30.0);
        squares += error * error;
      }
    }
    // Spreading the codes over the range would give 1.7 % of a step.
    assertThat(Math.sqrt(squares / (ROWS * COLUMNS))).isLessThan(0.01);
  }
}
