package dev.postern.runners.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Set;

/**
 * Four bits a weight, with a scale and an offset for each 32: {@code w = scale · (code − 8) +
 * offset}. ONNX Runtime's op knows no such offset, so the sum of each 32 inputs is multiplied with
 * it in floats beside the op, a thirty-second of the work:
 *
 * <pre>
 * y = x · scale(code − 8)ᵀ + blocksums(x) · offsetᵀ
 * </pre>
 *
 * Rows that already lie on sixteen levels are taken exactly; for others scale and offset are fitted
 * by least squares. The embedding and the head, which cost most quality, stay in another format.
 */
public final class BlockInt4Format implements LinearFormat {
  private static final int BLOCK = 32;
  private static final int MIDDLE = 8;
  private static final int LEVELS = 15;
  private static final int FITS = 4;
  private static final int INT8_ACTIVATIONS = 4;
  private static final Set<String> KEPT = Set.of("embed", "head");

  private final LinearFormat kept;

  /**
   * @param kept of the embedding and the head
   */
  public BlockInt4Format(LinearFormat kept) {
    this.kept = kept;
  }

  @Override
  public String name() {
    return "q4";
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    return keeps(name) ? kept.store(graph, name, matrix) : write(graph, name, matrix);
  }

  /** Whether a matrix is never stored in four bits. */
  static boolean keeps(String name) {
    return KEPT.contains(name);
  }

  /** Bytes that a matrix takes. */
  static long bytes(long rows, long columns) {
    return rows * columns / 2 + 8 * rows * (columns / BLOCK);
  }

  static Product write(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    int rows = matrix.rows();
    int columns = matrix.columns();
    if (columns % BLOCK != 0) {
      throw new IllegalArgumentException(
          name + " has rows of " + columns + " values, not a multiple of " + BLOCK);
    }
    int blocks = columns / BLOCK;
    WeightFile.Region codes = graph.reserve((long) rows * columns / 2);
    WeightFile.Region scales = graph.reserve(4L * rows * blocks);
    WeightFile.Region offsets = graph.reserve(4L * rows * blocks);
    float[] values = new float[columns];
    float[] steps = new float[blocks];
    var codeBytes = ByteBuffer.allocate(columns / 2);
    var scaleBytes = ByteBuffer.allocate(4 * blocks).order(ByteOrder.LITTLE_ENDIAN);
    var offsetBytes = ByteBuffer.allocate(4 * blocks).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      matrix.row(row, values);
      matrix.steps(row, steps);
      for (int block = 0; block < blocks; block++) {
        Line line = fit(values, block * BLOCK, Math.abs(steps[block]));
        scaleBytes.putFloat(line.scale);
        offsetBytes.putFloat(line.offset);
        for (int i = block * BLOCK; i < (block + 1) * BLOCK; i += 2) {
          codeBytes.put((byte) (line.code(values[i]) | line.code(values[i + 1]) << 4));
        }
      }
      codes.append(codeBytes.flip());
      scales.append(scaleBytes.flip());
      offsets.append(offsetBytes.flip());
      codeBytes.clear();
      scaleBytes.clear();
      offsetBytes.clear();
    }
    return new Product(graph, name, rows, columns, codes, scales, offsets);
  }

  /** {@code scale · (code − 8) + offset}. */
  private record Line(float scale, float offset) {
    int code(float value) {
      return scale == 0
          ? MIDDLE
          : Math.clamp(Math.round((value - offset) / scale) + MIDDLE, 0, LEVELS);
    }

    float value(int code) {
      return scale * (code - MIDDLE) + offset;
    }

    double error(float[] values, int from) {
      double sum = 0;
      for (int i = from; i < from + BLOCK; i++) {
        double difference = values[i] - value(code(values[i]));
        sum += difference * difference;
      }
      return sum;
    }
  }

  /** The best line for 32 values: by turns the codes for a line, and the line for the codes. */
  private static Line fit(float[] values, int from, float step) {
    float low = values[from];
    float high = values[from];
    for (int i = from; i < from + BLOCK; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    if (step > 0 && high - low <= LEVELS * step * 1.001f) {
      return new Line(step, low + MIDDLE * step);
    }
    float scale = (high - low) / LEVELS;
    Line best = new Line(scale, low + MIDDLE * scale);
    double least = best.error(values, from);
    Line line = best;
    for (int round = 0; round < FITS && least > 0; round++) {
      line = regression(values, from, line);
      double error = line.error(values, from);
      if (error < least) {
        least = error;
        best = line;
      }
    }
    return best;
  }

  private static Line regression(float[] values, int from, Line codes) {
    double codeSum = 0;
    double valueSum = 0;
    double squares = 0;
    double products = 0;
    for (int i = from; i < from + BLOCK; i++) {
      int code = codes.code(values[i]) - MIDDLE;
      codeSum += code;
      valueSum += values[i];
      squares += code * code;
      products += code * values[i];
    }
    double spread = BLOCK * squares - codeSum * codeSum;
    if (spread == 0) {
      return codes;
    }
    double scale = (BLOCK * products - codeSum * valueSum) / spread;
    return new Line((float) scale, (float) ((valueSum - scale * codeSum) / BLOCK));
  }

  /** A matrix in four bits. */
  record Product(
      OnnxGraph graph,
      String name,
      int rows,
      int columns,
      WeightFile.Region codes,
      WeightFile.Region scales,
      WeightFile.Region offsets)
      implements StoredMatrix {

    @Override
    public String multiply(String input, String output) {
      int blocks = columns / BLOCK;
      String product =
          graph.contrib(
              "MatMulNBits",
              List.of(
                  input,
                  graph.constant(name + ".codes", TensorType.UINT8, codes, rows, blocks, BLOCK / 2),
                  graph.constant(name + ".scales", TensorType.FLOAT, scales, (long) rows * blocks)),
              output + ".levels",
              Attribute.of("K", columns),
              Attribute.of("N", rows),
              Attribute.of("bits", 4),
              Attribute.of("block_size", BLOCK),
              Attribute.of("accuracy_level", INT8_ACTIVATIONS));
      String apart =
          graph.op(
              "Reshape",
              List.of(input, graph.vector(name + ".blocks", 0, 0, blocks, BLOCK)),
              output + ".in.blocks");
      String sums =
          graph.op(
              "ReduceSum",
              List.of(apart, graph.vector(name + ".in_block", 3)),
              output + ".in.sums",
              Attribute.of("keepdims", 0));
      String shift =
          graph.contrib(
              "FusedMatMul",
              List.of(
                  sums, graph.constant(name + ".offsets", TensorType.FLOAT, offsets, rows, blocks)),
              output + ".shift",
              Attribute.of("transB", 1));
      return graph.op("Add", List.of(product, shift), output);
    }

    @Override
    public String rows(String ids, String output) {
      throw new IllegalStateException("only embeddings are looked up, and they keep more bits");
    }
  }
}
