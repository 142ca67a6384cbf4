package dev.postern.runners.onnx;

import dev.postern.runners.ort.Hadamard;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/**
 * Eight bits a weight with one scale for each output, multiplied with activations of eight bits
 * that have one scale for each row. Integers are multiplied exactly, so a row's result does not
 * depend on the rows beside it. Both are spread by {@link Hadamard} first, and the channels of the
 * inputs are made even at import: a scale for a whole row is good where no value dwarfs all others.
 */
public final class RowInt8Format implements LinearFormat {
  public static final String NAME = "int8";

  static final byte LEVELS = 127;
  static final int MIDDLE = 128;

  /** Outputs that pass through memory at once. */
  private static final int OUTPUTS_AT_ONCE = 1024;

  @Override
  public boolean wantsEvenInputs() {
    return true;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public StoredMatrix store(OnnxGraph graph, String name, Matrix matrix) {
    return new Stored(graph, name, matrix);
  }

  /** The bytes are written for the use they are put to: products want them by input. */
  private record Stored(OnnxGraph graph, String name, Matrix matrix) implements StoredMatrix {

    @Override
    public String multiply(String input, String output) throws IOException {
      int outputs = matrix.rows();
      WeightFile.Region codes = graph.reserve((long) outputs * matrix.columns());
      WeightFile.Region scales = graph.reserve(4L * outputs);
      quantise(codes, scales);
      List<String> quantised =
          graph.own(
              RowFusion.ROW_QUANTIZE,
              List.of(input),
              List.of(name + ".in.codes", name + ".in.scales"));
      String product =
          graph.contrib(
              "MatMulIntegerToFloat",
              List.of(
                  quantised.get(0),
                  graph.constant(
                      name + ".codes", TensorType.INT8, codes, matrix.columns(), outputs),
                  graph.number(name + ".one", 1),
                  graph.constant(name + ".scales", TensorType.FLOAT, scales, outputs),
                  graph.code(name + ".middle", MIDDLE)),
              output + ".product");
      return graph
          .own(RowFusion.ROW_SCALE, List.of(product, quantised.get(1)), List.of(output))
          .getFirst();
    }

    private void quantise(WeightFile.Region codes, WeightFile.Region scales) throws IOException {
      int outputs = matrix.rows();
      int inputs = matrix.columns();
      float[] values = new float[inputs];
      var hadamard = new Hadamard();
      var scaleBytes = ByteBuffer.allocate(4 * outputs).order(ByteOrder.LITTLE_ENDIAN);
      for (int first = 0; first < outputs; first += OUTPUTS_AT_ONCE) {
        int count = Math.min(OUTPUTS_AT_ONCE, outputs - first);
        byte[] turned = new byte[inputs * count];
        for (int output = 0; output < count; output++) {
          matrix.row(first + output, values);
          hadamard.spread(values, inputs);
          float largest = 0;
          for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
          }
          float scale = largest == 0 ? 1 : largest / LEVELS;
          scaleBytes.putFloat(scale / Hadamard.parts(inputs));
          for (int input = 0; input < inputs; input++) {
            turned[input * count + output] = (byte) Math.round(values[input] / scale);
          }
        }
        for (int input = 0; input < inputs; input++) {
          codes.write(
              (long) input * outputs + first, ByteBuffer.wrap(turned, input * count, count));
        }
      }
      scales.append(scaleBytes.flip());
    }

    @Override
    public String rows(String ids, String output) throws IOException {
      return new BlockInt8Format().store(graph, name + ".table", matrix).rows(ids, output);
    }
  }
}
