package dev.postern.runners.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Floats of 16 bits, in weights and between products, with sums in 32: what CUDA devices are built
 * for. It has nothing but ONNX's operators and ONNX Runtime's own, which its CUDA provider has too.
 */
public final class HalfFormat implements LinearFormat {
  public static final String NAME = "f16";

  private static final float LARGEST = 65_504;

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public TensorType inside() {
    return TensorType.FLOAT16;
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    int rows = matrix.rows();
    int columns = matrix.columns();
    WeightFile.Region region = graph.reserve((long) Short.BYTES * rows * columns);
    float[] values = new float[columns];
    var bytes = ByteBuffer.allocate(columns * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      matrix.row(row, values);
      region.append(halves(values, bytes.clear()));
    }
    String weight = graph.constant(name + ".weight", TensorType.FLOAT16, region, rows, columns);
    return new StoredMatrix() {
      @Override
      public String multiply(String input, String output) {
        return FloatFormat.multiply(graph, input, weight, output);
      }

      @Override
      public String rows(String ids, String output) {
        return graph.op("Gather", List.of(weight, ids), output, Attribute.of("axis", 0));
      }
    };
  }

  /** Writes them rounded to 16 bits; what is too large for that becomes the largest there is. */
  static ByteBuffer halves(float[] values, ByteBuffer into) {
    for (float value : values) {
      into.putShort(Float.floatToFloat16(Math.clamp(value, -LARGEST, LARGEST)));
    }
    return into.flip();
  }
}
