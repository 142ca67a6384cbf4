package dev.postern.runners.importer;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.onnx.Matrix;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Weights of the same model whose products have evener inputs, as SmoothQuant (Xiao et al., 2023)
 * does it: channel c of an input is divided by
 *
 * <pre>
 * s(c) = (largest input)^a / (largest weight)^(1-a)
 * </pre>
 *
 * and the weights it meets are multiplied with it. The division costs nothing: it is taken into the
 * norm before the product, or into the rows of V and up, from which the inputs of o and down come.
 */
final class SmoothedWeights implements WeightSource {
  private static final double TINY = 1e-5;

  private final WeightSource weights;
  private final DecoderConfig config;
  private final double strength;

  /** For each matrix, what its columns are multiplied with; by its name. */
  private final Map<String, float[]> columns = new HashMap<>();

  /** For each matrix or vector, what its rows are multiplied with; by its name. */
  private final Map<String, float[]> rows = new HashMap<>();

  /**
   * @param largest how large the inputs of products get
   * @param strength a in the formula
   */
  SmoothedWeights(
      WeightSource weights, DecoderConfig config, Calibration.Sizes largest, double strength) {
    this.weights = weights;
    this.config = config;
    this.strength = strength;
    for (int layer = 0; layer < config.layers(); layer++) {
      smooth(
          layer,
          largest,
          "attention_in",
          "attention_norm",
          Projection.Q,
          Projection.K,
          Projection.V);
      smooth(
          layer, largest, "feed_forward_in", "feed_forward_norm", Projection.GATE, Projection.UP);
      smooth(layer, largest, "product", Projection.UP.label(), Projection.DOWN);
      smoothAttended(layer, largest);
    }
    String head = config.tiedHead() ? "embed" : "head";
    float[] factors =
        factors(largest.of("last.normed"), largestOf(head, config.vocabulary(), config.width()));
    columns.put("head", factors);
    rows.put("output_norm", inverse(factors));
  }

  private void smooth(
      int layer,
      Calibration.Sizes largest,
      String input,
      String source,
      Projection... projections) {
    float[] sizes = largest.of(WeightSource.of(layer, input));
    float[] weightSizes = new float[sizes.length];
    for (Projection projection : projections) {
      float[] more =
          largestOf(projection.in(layer), config.rows(projection), config.columns(projection));
      for (int i = 0; i < more.length; i++) {
        weightSizes[i] = Math.max(weightSizes[i], more[i]);
      }
    }
    float[] factors = factors(sizes, weightSizes);
    for (Projection projection : projections) {
      columns.put(projection.in(layer), factors);
    }
    rows.put(WeightSource.of(layer, source), inverse(factors));
  }

  /** The heads of a group read the same values, so that they share their factors. */
  private void smoothAttended(int layer, Calibration.Sizes largest) {
    int width = config.headWidth();
    int group = config.heads() / config.keyValueHeads();
    float[] sizes = largest.of(WeightSource.of(layer, "attended"));
    float[] weightSizes = largestOf(Projection.O.in(layer), config.width(), config.queryWidth());
    float[] ofValues = new float[config.keyWidth()];
    float[] ofWeights = new float[config.keyWidth()];
    for (int i = 0; i < sizes.length; i++) {
      int value = i / width / group * width + i % width;
      ofValues[value] = Math.max(ofValues[value], sizes[i]);
      ofWeights[value] = Math.max(ofWeights[value], weightSizes[i]);
    }
    float[] factors = factors(ofValues, ofWeights);
    float[] spread = new float[sizes.length];
    for (int i = 0; i < spread.length; i++) {
      spread[i] = factors[i / width / group * width + i % width];
    }
    columns.put(Projection.O.in(layer), spread);
    rows.put(Projection.V.in(layer), inverse(factors));
    rows.put(WeightSource.of(layer, "v_bias"), inverse(factors));
  }

  private float[] factors(float[] inputs, float[] weightSizes) {
    double[] factors = new double[inputs.length];
    double sum = 0;
    for (int i = 0; i < factors.length; i++) {
      factors[i] =
          strength * Math.log(Math.max(inputs[i], TINY))
              - (1 - strength) * Math.log(Math.max(weightSizes[i], TINY));
      sum += factors[i];
    }
    float[] result = new float[factors.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = (float) Math.max(Math.exp(factors[i] - sum / factors.length), 1e-3);
    }
    return result;
  }

  private static float[] inverse(float[] factors) {
    float[] result = new float[factors.length];
    for (int i = 0; i < result.length; i++) {
      result[i] = 1 / factors[i];
    }
    return result;
  }

  private float[] largestOf(String name, int height, int width) {
    Matrix matrix = weights.matrix(name, height, width);
    float[] largest = new float[width];
    float[] row = new float[width];
    for (int i = 0; i < height; i++) {
      matrix.row(i, row);
      for (int j = 0; j < width; j++) {
        largest[j] = Math.max(largest[j], Math.abs(row[j]));
      }
    }
    return largest;
  }

  /** Writes what matrices were multiplied with, as {@link ModelFolder#CHANNELS} says. */
  void writeFactors(Path file) throws IOException {
    Map<String, float[]> tensors = new TreeMap<>();
    columns.forEach((name, factors) -> tensors.put(name + ".columns", factors));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (Projection projection : List.of(Projection.V, Projection.UP)) {
        String name = projection.in(layer);
        tensors.put(name + ".rows", Objects.requireNonNull(rows.get(name)));
      }
    }
    ObjectNode header = ModelFolder.JSON.createObjectNode();
    int end = 0;
    for (var tensor : tensors.entrySet()) {
      int length = tensor.getValue().length;
      ObjectNode entry = header.putObject(tensor.getKey()).put("dtype", "F32");
      entry.putArray("shape").add(length);
      entry.putArray("data_offsets").add(end).add(end + 4 * length);
      end += 4 * length;
    }
    byte[] text = ModelFolder.JSON.writeValueAsBytes(header);
    var bytes = ByteBuffer.allocate(8 + text.length + end).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(text.length).put(text);
    tensors.values().forEach(factors -> put(bytes, factors));
    Files.write(file, bytes.array());
  }

  private static void put(ByteBuffer bytes, float[] values) {
    for (float value : values) {
      bytes.putFloat(value);
    }
  }

  @Override
  public Matrix matrix(String name, int height, int width) {
    String stored = name.equals("head") && config.tiedHead() ? "embed" : name;
    Matrix matrix = weights.matrix(stored, height, width);
    float[] ofColumns = columns.get(name);
    return ofColumns == null ? matrix : new Scaled(matrix, rows.get(name), ofColumns);
  }

  @Override
  public float[] vector(String name, int length) {
    float[] vector = weights.vector(name, length);
    float[] factors = rows.get(name);
    if (factors == null) {
      return vector;
    }
    float[] scaled = new float[length];
    for (int i = 0; i < length; i++) {
      scaled[i] = vector[i] * factors[i];
    }
    return scaled;
  }

  private record Scaled(Matrix matrix, float @Nullable [] ofRows, float[] ofColumns)
      implements Matrix {
    @Override
    public int rows() {
      return matrix.rows();
    }

    @Override
    public int columns() {
      return matrix.columns();
    }

    @Override
    public void row(int index, float[] values) {
      matrix.row(index, values);
      float ofRow = ofRows == null ? 1 : ofRows[index];
      for (int i = 0; i < values.length; i++) {
        values[i] *= ofRow * ofColumns[i];
      }
    }
  }
}
