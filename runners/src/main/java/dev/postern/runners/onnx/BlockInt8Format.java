package dev.postern.runners.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Eight bits a weight, with a scale and a zero point for each 32. Rows that already are 8-bit
 * blocks are taken as they are; the levels of 4-bit and 5-bit blocks fall on codes here all but
 * exactly; other values are spread over the 256 codes.
 */
public final class BlockInt8Format implements LinearFormat {
  private static final int BLOCK = 32;
  private static final int MIDDLE = 128;
  private static final int LEVELS = 255;

  /** Rows that pass through memory at once. */
  private static final int ROWS_AT_ONCE = 64;

  /** Lets ONNX Runtime multiply 8-bit activations; full floats would be several times slower. */
  private static final int INT8_ACTIVATIONS = 4;

  @Override
  public String name() {
    return "q8";
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    int rows = matrix.rows();
    int columns = matrix.columns();
    if (columns % BLOCK != 0) {
      throw new IllegalArgumentException(
          name + " has rows of " + columns + " values, not a multiple of " + BLOCK);
    }
    int blocks = columns / BLOCK;
    WeightFile.Region codes = graph.reserve((long) rows * columns);
    WeightFile.Region scales = graph.reserve(4L * rows * blocks);
    byte[] zeros = quantise(matrix, codes, scales);
    WeightFile.Region zeroRegion = null;
    if (zeros != null) {
      zeroRegion = graph.reserve(zeros.length);
      zeroRegion.append(ByteBuffer.wrap(zeros));
    }
    return new Stored(graph, name, rows, columns, codes, scales, zeroRegion);
  }

  /** Fills both regions and returns the zero points, or nothing when all are in the middle. */
  private static byte @Nullable [] quantise(
      Matrix matrix, WeightFile.Region codeRegion, WeightFile.Region scaleRegion)
      throws IOException {
    int rows = matrix.rows();
    int columns = matrix.columns();
    int blocks = columns / BLOCK;
    byte[] zeros = new byte[Math.multiplyExact(rows, blocks)];
    Arrays.fill(zeros, (byte) MIDDLE);
    boolean symmetric = true;
    float[] values = new float[columns];
    byte[] codes = new byte[columns];
    float[] scales = new float[blocks];
    float[] steps = new float[blocks];
    var codeBytes = ByteBuffer.allocate(ROWS_AT_ONCE * columns);
    var scaleBytes = ByteBuffer.allocate(ROWS_AT_ONCE * blocks * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      if (matrix.blocks(row, codes, scales)) {
        for (int i = 0; i < columns; i++) {
          codes[i] += (byte) MIDDLE;
        }
      } else {
        matrix.row(row, values);
        matrix.steps(row, steps);
        for (int block = 0; block < blocks; block++) {
          zeros[row * blocks + block] = quantiseBlock(values, steps[block], block, codes, scales);
        }
        symmetric = false;
      }
      codeBytes.put(codes);
      for (float scale : scales) {
        scaleBytes.putFloat(scale);
      }
      if (!codeBytes.hasRemaining() || row == rows - 1) {
        codeRegion.append(codeBytes.flip());
        scaleRegion.append(scaleBytes.flip());
        codeBytes.clear();
        scaleBytes.clear();
      }
    }
    return symmetric ? null : zeros;
  }

  /** Codes one block and returns its zero point. Zero itself stays exact. */
  private static byte quantiseBlock(
      float[] values, float step, int block, byte[] codes, float[] scales) {
    float low = 0;
    float high = 0;
    int from = block * BLOCK;
    for (int i = from; i < from + BLOCK; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    boolean even = step != 0 && high > low;
    float scale = even ? scaleOfLevels(low, high, Math.abs(step)) : (high - low) / LEVELS;
    scales[block] = scale;
    if (scale == 0) {
      Arrays.fill(codes, from, from + BLOCK, (byte) MIDDLE);
      return (byte) MIDDLE;
    }
    int zero = Math.round(-low / scale);
    for (int i = from; i < from + BLOCK; i++) {
      codes[i] = (byte) Math.clamp(Math.round(values[i] / scale) + zero, 0, LEVELS);
    }
    return (byte) zero;
  }

  /**
   * Values on levels {@code low + n · step} fall on codes exactly if the scale is a whole part of
   * the step and the zero point is whole. The first is free to choose; of the possible parts this
   * takes the one that brings the zero point nearest to a whole number.
   */
  private static float scaleOfLevels(float low, float high, float step) {
    float best = (high - low) / LEVELS;
    float smallest = Float.MAX_VALUE;
    int parts = (int) Math.min(LEVELS, LEVELS * step / (high - low));
    for (int part = parts; part > 0; part--) {
      float scale = step / part;
      float zero = -low / scale;
      float error = Math.abs(zero - Math.round(zero)) * scale;
      if (error < smallest) {
        smallest = error;
        best = scale;
      }
    }
    return best;
  }

  /** The two ops want the same bytes under different shapes. */
  private record Stored(
      OnnxGraph graph,
      String name,
      int rows,
      int columns,
      WeightFile.Region codes,
      WeightFile.Region scales,
      WeightFile.@Nullable Region zeros)
      implements StoredMatrix {

    @Override
    public String multiply(String input, String output) {
      int blocks = columns / BLOCK;
      var inputs =
          new ArrayList<>(
              List.of(
                  input,
                  graph.constant(name + ".codes", TensorType.UINT8, codes, rows, blocks, BLOCK),
                  graph.constant(
                      name + ".scales", TensorType.FLOAT, scales, (long) rows * blocks)));
      if (zeros != null) {
        inputs.add(graph.constant(name + ".zeros", TensorType.UINT8, zeros, (long) rows * blocks));
      }
      return graph.contrib(
          "MatMulNBits",
          inputs,
          output,
          Attribute.of("K", columns),
          Attribute.of("N", rows),
          Attribute.of("bits", 8),
          Attribute.of("block_size", BLOCK),
          Attribute.of("accuracy_level", INT8_ACTIVATIONS));
    }

    @Override
    public String rows(String ids, String output) {
      int blocks = columns / BLOCK;
      var inputs =
          new ArrayList<>(
              List.of(
                  graph.constant(name + ".rows.codes", TensorType.UINT8, codes, rows, columns),
                  ids,
                  graph.constant(name + ".rows.scales", TensorType.FLOAT, scales, rows, blocks)));
      if (zeros != null) {
        inputs.add(graph.constant(name + ".rows.zeros", TensorType.UINT8, zeros, rows, blocks));
      }
      return graph.contrib(
          "GatherBlockQuantized",
          inputs,
          output,
          Attribute.of("bits", 8),
          Attribute.of("block_size", BLOCK),
          Attribute.of("gather_axis", 0),
          Attribute.of("quantize_axis", 1));
    }
  }
}
