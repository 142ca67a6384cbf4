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
 * blocks are taken as they are; others are quantised from their values, which for the 4-bit and
 * 5-bit block formats loses next to nothing: their 16 or 32 levels fall on the 256 here but for the
 * rounding of the zero point.
 */
public final class BlockInt8Format implements LinearFormat {
  private static final int BLOCK = 32;
  private static final int MIDDLE = 128;

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
    var codeBytes = ByteBuffer.allocate(ROWS_AT_ONCE * columns);
    var scaleBytes = ByteBuffer.allocate(ROWS_AT_ONCE * blocks * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      if (matrix.blocks(row, codes, scales)) {
        for (int i = 0; i < columns; i++) {
          codes[i] += (byte) MIDDLE;
        }
      } else {
        matrix.row(row, values);
        for (int block = 0; block < blocks; block++) {
          zeros[row * blocks + block] = quantiseBlock(values, block, codes, scales);
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

  /** Spreads the 256 codes over the block's range, zero included so that it stays exact. */
  private static byte quantiseBlock(float[] values, int block, byte[] codes, float[] scales) {
    float low = 0;
    float high = 0;
    int from = block * BLOCK;
    for (int i = from; i < from + BLOCK; i++) {
      low = Math.min(low, values[i]);
      high = Math.max(high, values[i]);
    }
    float scale = (high - low) / 255;
    scales[block] = scale;
    if (scale == 0) {
      Arrays.fill(codes, from, from + BLOCK, (byte) MIDDLE);
      return (byte) MIDDLE;
    }
    int zero = Math.round(-low / scale);
    for (int i = from; i < from + BLOCK; i++) {
      codes[i] = (byte) Math.clamp(Math.round(values[i] / scale) + zero, 0, 255);
    }
    return (byte) zero;
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
