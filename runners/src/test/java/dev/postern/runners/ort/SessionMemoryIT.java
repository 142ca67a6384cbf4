package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What only ONNX Runtime's C table offers: memory, tensors and bindings, on the processor. */
class SessionMemoryIT {
  private OrtSession session;
  private SessionMemory memory;

  @BeforeEach
  void open() throws Exception {
    session = OrtEnvironment.getEnvironment().createSession(doubling());
    memory = new SessionMemory(session, MemoryPlace.PROCESSOR);
  }

  @AfterEach
  void close() throws Exception {
    memory.close();
    session.close();
  }

  /** y = x + x, for vectors of any length. */
  private static byte[] doubling() {
    return ModelProto.newBuilder()
        .setIrVersion(10)
        .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(21))
        .setGraph(
            GraphProto.newBuilder()
                .setName("doubling")
                .addInput(vector("x"))
                .addOutput(vector("y"))
                .addNode(
                    NodeProto.newBuilder()
                        .setOpType("Add")
                        .addInput("x")
                        .addInput("x")
                        .addOutput("y")))
        .build()
        .toByteArray();
  }

  private static ValueInfoProto vector(String name) {
    var shape =
        TensorShapeProto.newBuilder()
            .addDim(TensorShapeProto.Dimension.newBuilder().setDimParam("n"));
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(
            TypeProto.newBuilder()
                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(1).setShape(shape)))
        .build();
  }

  private static MemorySegment at(Tensor tensor, long bytes) {
    return OrtApi.MEMORY.asSlice(tensor.address(), bytes);
  }

  @Test
  void runsOnTensorsThatStayBound() throws Exception {
    try (Tensor all = memory.allocate(32);
        var run = new BoundRun(session);
        Tensor x = memory.over(all.address(), ElementType.FLOAT, 4);
        Tensor y = memory.over(all.address() + 16, ElementType.FLOAT, 4)) {
      run.input("x", x);
      run.output("y", y);
      MemorySegment numbers = at(all, 32);
      for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 4; i++) {
          numbers.setAtIndex(JAVA_FLOAT, i, round * 10 + i);
        }
        run.run();
        for (int i = 0; i < 4; i++) {
          assertThat(numbers.getAtIndex(JAVA_FLOAT, 4 + i)).isEqualTo(2 * (round * 10 + i));
        }
      }
    }
  }

  @Test
  void readsTensorsOverMemoryOfOurs() throws Exception {
    try (Arena arena = Arena.ofConfined();
        var run = new BoundRun(session)) {
      MemorySegment numbers = arena.allocateFrom(JAVA_FLOAT, 1, 2, 0, 0);
      try (Tensor x = memory.over(numbers.address(), ElementType.FLOAT, 2);
          Tensor y = memory.over(numbers.address() + 8, ElementType.FLOAT, 2)) {
        run.input("x", x);
        run.output("y", y);
        run.run();
      }
      assertThat(numbers.toArray(JAVA_FLOAT)).containsExactly(1, 2, 2, 4);
    }
  }

  @Test
  void failsWithTheWordsOfOnnxRuntime() throws Exception {
    try (Tensor all = memory.allocate(64);
        var spoilt = new BoundRun(session);
        var run = new BoundRun(session);
        Tensor wrong = memory.over(all.address(), ElementType.LONG, 4);
        Tensor y = memory.over(all.address() + 32, ElementType.FLOAT, 4)) {
      assertThatThrownBy(() -> spoilt.input("z", wrong))
          .isInstanceOf(OrtException.class)
          .hasMessageContaining("z");
      run.input("x", wrong);
      run.output("y", y);
      assertThatThrownBy(run::run)
          .isInstanceOfSatisfying(
              OrtException.class,
              failure ->
                  assertThat(failure.getCode())
                      .isEqualTo(OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT))
          .hasMessageContaining("Unexpected input data type");
    }
  }

  @Test
  void hasNoMemoryOfADeviceThatTheSessionDoesNotComputeOn() {
    assertThatThrownBy(() -> new SessionMemory(session, MemoryPlace.cuda(0)))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("allocator");
  }

  @Test
  void refusesWhatMemoryCannotHold() {
    assertThatThrownBy(() -> memory.allocate(Long.MAX_VALUE / 2)).isInstanceOf(OrtException.class);
  }

  @Test
  void givesBackWhatItTook() throws Exception {
    long before = residentBytes();
    for (int round = 0; round < 64; round++) {
      try (Tensor large = memory.allocate(64 << 20)) {
        at(large, 64 << 20).fill((byte) 1);
      }
    }
    assertThat(residentBytes() - before).isLessThan(1L << 30);
  }

  private static long residentBytes() throws Exception {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) << 10)
        .findFirst()
        .orElseThrow();
  }

  @Test
  void isNotUsedWhenItIsClosed() throws Exception {
    try (var run = new BoundRun(session)) {
      Tensor tensor = memory.allocate(16);
      tensor.close();
      tensor.close();
      assertThatThrownBy(() -> run.input("x", tensor)).isInstanceOf(IllegalStateException.class);
    }
  }

  @Test
  void neverCallsIntoAnotherVersion() {
    assertThatThrownBy(() -> OrtApi.requireKnown("1.25.0"))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("1.25.0");
  }
}
