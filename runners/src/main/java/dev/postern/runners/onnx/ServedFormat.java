package dev.postern.runners.onnx;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/**
 * Which format models are served in here. Processors that lack the instructions for products of
 * bytes (VNNI on x86) add pairs of them in 16 bits, and large ones do not fit: the result is wrong
 * without a word. So we try.
 */
public final class ServedFormat {
  private static final int INPUTS = 256;
  private static final int OUTPUTS = 64;
  private static final int ROWS = 9;

  private ServedFormat() {}

  /** The fastest format that is right on this processor. */
  public static LinearFormat choose() {
    return bytesMultiplyExactly() ? new RowInt8Format() : new BlockInt8Format();
  }

  /** Whether {@link RowInt8Format}'s products are exact on this processor. */
  public static boolean bytesMultiplyExactly() {
    return Probe.EXACT;
  }

  /**
   * Whether answers are right here.
   *
   * @param format name of a {@link LinearFormat}
   */
  public static boolean servesHere(String format) {
    return !format.equals(RowInt8Format.NAME) || bytesMultiplyExactly();
  }

  private static final class Probe {
    static final boolean EXACT = exact();

    private static boolean exact() {
      var environment = OrtEnvironment.getEnvironment();
      byte[] graph = graph();
      try (var options = new OrtSession.SessionOptions();
          var session = environment.createSession(graph, options)) {
        // One row and several take different ways.
        return exact(environment, session, 1) && exact(environment, session, ROWS);
      } catch (OrtException failure) {
        throw new IllegalStateException(failure);
      }
    }

    private static byte[] graph() {
      var graph = new OnnxGraph("probe");
      graph.input("codes", TensorType.UINT8, "rows", INPUTS);
      graph.input("weights", TensorType.INT8, INPUTS, OUTPUTS);
      graph.contrib(
          "MatMulIntegerToFloat",
          List.of(
              "codes",
              "weights",
              graph.number("one", 1),
              graph.number("another", 1),
              graph.code("middle", RowInt8Format.MIDDLE)),
          "product");
      graph.output("product", TensorType.FLOAT, "rows", OUTPUTS);
      return graph.bytes();
    }

    /** All codes and weights at their largest. */
    private static boolean exact(OrtEnvironment environment, OrtSession session, int rows)
        throws OrtException {
      try (var codes = bytes(environment, rows, INPUTS, (byte) 0xff, OnnxJavaType.UINT8);
          var weights =
              bytes(environment, INPUTS, OUTPUTS, RowInt8Format.LEVELS, OnnxJavaType.INT8);
          var result = session.run(Map.of("codes", codes, "weights", weights))) {
        float expected = RowInt8Format.LEVELS * (0xff - RowInt8Format.MIDDLE) * INPUTS;
        FloatBuffer products = ((OnnxTensor) result.get(0)).getFloatBuffer();
        while (products.hasRemaining()) {
          if (products.get() != expected) {
            return false;
          }
        }
        return true;
      }
    }

    private static OnnxTensor bytes(
        OrtEnvironment environment, int rows, int columns, byte value, OnnxJavaType type)
        throws OrtException {
      var bytes = ByteBuffer.allocateDirect(rows * columns);
      while (bytes.hasRemaining()) {
        bytes.put(value);
      }
      return OnnxTensor.createTensor(environment, bytes.flip(), new long[] {rows, columns}, type);
    }
  }
}
