package dev.postern.runners.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** Plain 32-bit floats: four times the size, and the reference for every other format. */
public final class FloatFormat implements LinearFormat {
  @Override
  public String name() {
    return "f32";
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    String weight = write(graph, name, matrix);
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

  /** Writes the matrix and returns the constant's name. */
  static String write(OnnxGraph graph, String name, Matrix matrix) throws IOException {
    int rows = matrix.rows();
    int columns = matrix.columns();
    WeightFile.Region region = graph.reserve(4L * rows * columns);
    float[] values = new float[columns];
    var bytes = ByteBuffer.allocate(columns * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int row = 0; row < rows; row++) {
      matrix.row(row, values);
      bytes.clear().asFloatBuffer().put(values);
      region.append(bytes);
    }
    return graph.constant(name + ".weight", TensorType.FLOAT, region, rows, columns);
  }

  static String multiply(OnnxGraph graph, String input, String weight, String output) {
    return graph.contrib("FusedMatMul", List.of(input, weight), output, Attribute.of("transB", 1));
  }
}
