package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.testing.TinyFamily;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models in half precision, as CUDA devices run them; here the processor does, step by step. */
class HalfFormatIT {
  private static final int HALF = 10;
  private static final double NEARNESS = 0.02;

  /** Of all that graphs of ours have, what ONNX Runtime's CUDA provider or its CPU one computes. */
  private static final Set<String> ON_CUDA =
      Set.of(
          "Add",
          "Cast",
          "Div",
          "FastGelu",
          "FusedMatMul",
          "Gather",
          "GroupQueryAttention",
          "Mul",
          "Neg",
          "QuickGelu",
          "ReduceSum",
          "Reshape",
          "Shape",
          "SimplifiedLayerNormalization",
          "SkipSimplifiedLayerNormalization",
          "Slice",
          "Split",
          "Sub",
          "Tanh");

  private static final EngineConfig CONFIG =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(1)
          .withMaxRows(2)
          .withPrefillChunk(64)
          .withCacheBytes(16 << 20);

  @TempDir private Path folder;

  private ModelFolder imported(TinyFamily family) throws Exception {
    return new ModelImport(folder.resolve("cache"), new HalfFormat())
        .run(family.write(folder.resolve("source")), null, ImportProgress.NONE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"})
  void isNearToTheReference(String name) throws Exception {
    TinyFamily family = TinyFamily.read(name);
    ModelFolder model = imported(family);
    assertThat(model.manifest().weights()).isEqualTo("f16");
    assertThat(model.manifest().files()).doesNotContainKey(ModelFolder.ADAPTED_GRAPH);

    int[] prompt = family.prompt();
    int[] greedy = family.greedy();
    try (Decoder decoder = ProviderChoice.open(model, CONFIG)) {
      assertThat(decoder).isInstanceOf(BoundDecoder.class);
      decoder.prefill(1, prompt, 0, prompt.length, false);
      near(decoder, family.firstLogits());
      decoder.copy(1, 0);
      decoder.clear(1);
      for (int token : Arrays.copyOf(greedy, greedy.length - 1)) {
        decoder.decode(1, new int[] {token});
      }
      near(decoder, family.lastLogits());
    }
    assertInHalves(model);
  }

  private static void near(Decoder decoder, float[] expected) {
    float[] actual = new float[decoder.vocabulary()];
    decoder.logits(0, actual);
    double size =
        IntStream.range(0, expected.length)
            .mapToDouble(i -> Math.abs(expected[i]))
            .max()
            .orElseThrow();
    for (int i = 0; i < expected.length; i++) {
      assertThat((double) actual[i])
          .as("logit %d", i)
          .isCloseTo(expected[i], within(NEARNESS * Math.max(1, size)));
    }
  }

  private static void assertInHalves(ModelFolder model) throws Exception {
    var graph =
        ModelProto.parseFrom(Files.readAllBytes(model.path().resolve(ModelFolder.GRAPH)))
            .getGraph();
    assertThat(graph.getNodeList()).extracting(NodeProto::getOpType).isSubsetOf(ON_CUDA);
    assertThat(graph.getNodeList())
        .extracting(NodeProto::getDomain)
        .isSubsetOf("", "com.microsoft");
    assertThat(
            graph.getInputList().stream()
                .filter(input -> input.getName().startsWith("past_key_values"))
                .map(HalfFormatIT::type)
                .collect(Collectors.toSet()))
        .containsExactly(HALF);
    assertThat(
            graph.getOutputList().stream()
                .filter(output -> output.getName().equals("logits"))
                .map(HalfFormatIT::type))
        .containsExactly(1);
  }

  private static int type(ValueInfoProto value) {
    return value.getType().getTensorType().getElemType();
  }

  @Test
  void takesHalfTheMemoryOfFloatsForKeysAndValues() throws Exception {
    ModelFolder model = imported(TinyFamily.read("llama3"));
    try (Decoder decoder = ProviderChoice.open(model, CONFIG)) {
      assertThat(decoder.bytesPerToken())
          .isEqualTo(model.manifest().architecture().cacheBytesPerToken() / 2);
    }
  }

  @Test
  void isTheOnlyFormatForCuda() {
    ProviderChoice.requireHalves(HalfFormat.NAME);
    for (String other : Set.of("int8", "q8", "q4", "f32", "onnx")) {
      assertThatThrownBy(() -> ProviderChoice.requireHalves(other))
          .isInstanceOf(ImportException.class)
          .hasMessageContaining(other)
          .hasMessageContaining("f16");
    }
  }
}
