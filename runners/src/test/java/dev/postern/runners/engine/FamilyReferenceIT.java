package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyFamily;
import dev.postern.runners.testing.TinyFamilyGguf;
import dev.postern.runners.wire.Sampling;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each family against Hugging Face's own implementation: the same logits, the same tokens. */
@Timeout(60)
class FamilyReferenceIT {
  private static final float TOLERANCE = 1e-4f;
  private static final EngineConfig CONFIG =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(1)
          .withMaxRows(2)
          .withPrefillChunk(16)
          .withCacheBytes(16 << 20);

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "llama2",
        "llama3",
        "llama-linear",
        "smollm3",
        "mistral",
        "qwen2",
        "qwen2.5-yarn",
        "qwen3",
        "gemma",
        "gemma2",
        "gemma3",
        "phi3",
        "phi3-long",
        "phi4-mini"
      })
  void isWhatTheReferenceComputes(String name) throws Exception {
    TinyFamily family = TinyFamily.read(name);
    ModelFolder model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(family.write(folder.resolve(name)), null, ImportProgress.NONE);
    int[] prompt = family.prompt();
    int[] all = IntStream.concat(Arrays.stream(prompt), Arrays.stream(family.greedy())).toArray();
    close(logits(model, prompt), family.firstLogits());
    close(logits(model, Arrays.copyOf(all, all.length - 1)), family.lastLogits());

    // In chunks and step by step, through the cache.
    try (var generator = OnnxGenerator.open(model.path(), CONFIG)) {
      var listener = new Recording();
      var greedy = new Sampling(0, 1, 1, 0L, List.of(), 0, 0, Map.of(), false, 0);
      generator.submit(Request.of(prompt, greedy, family.greedy().length), listener);
      listener.await();
      assertThat(listener.ids())
          .containsExactly(Arrays.stream(family.greedy()).boxed().toArray(Integer[]::new));
    }
  }

  /** What the format cannot say is left out: Llama 3's and LongRoPE's factors, odd query scales. */
  @ParameterizedTest
  @CsvSource({
    "llama2, llama",
    "llama-linear, llama",
    "smollm3, smollm3",
    "qwen2, qwen2",
    "qwen2.5-yarn, qwen2",
    "qwen3, qwen3",
    "gemma, gemma",
    "phi3, phi3",
    "phi4-mini, phi3"
  })
  void readsTheSameModelFromGguf(String name, String architecture) throws Exception {
    TinyFamily family = TinyFamily.read(name);
    Path file = folder.resolve(name + ".gguf");
    Files.write(file, TinyFamilyGguf.write(family, architecture));
    ModelFolder model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(file, null, ImportProgress.NONE);
    assertThat(model.manifest().architecture().family()).isEqualTo(architecture);
    close(logits(model, family.prompt()), family.firstLogits());
  }

  private static void close(float[] actual, float[] expected) {
    assertThat(actual).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(actual[i]).as("logit %d", i).isCloseTo(expected[i], within(TOLERANCE));
    }
  }

  /** Of the last position, in one run without a past. */
  private static float[] logits(ModelFolder model, int[] ids) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    DecoderConfig shape = model.manifest().architecture();
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try (var session =
        environment.createSession(model.path().resolve(ModelFolder.GRAPH).toString())) {
      long[][] tokens = {Arrays.stream(ids).asLongStream().toArray()};
      long[][] mask = {IntStream.range(0, ids.length).mapToLong(i -> 1).toArray()};
      inputs.put("input_ids", OnnxTensor.createTensor(environment, tokens));
      inputs.put("attention_mask", OnnxTensor.createTensor(environment, mask));
      inputs.put("num_logits_to_keep", OnnxTensor.createTensor(environment, new long[] {1}));
      long[] past = {1, shape.keyValueHeads(), 0, shape.headWidth()};
      for (int layer = 0; layer < shape.layers(); layer++) {
        for (boolean key : new boolean[] {true, false}) {
          inputs.put(
              KvMemory.past(layer, key),
              OnnxTensor.createTensor(environment, FloatBuffer.allocate(0), past));
        }
      }
      try (OrtSession.Result result = session.run(inputs)) {
        return ((float[][][]) result.get("logits").orElseThrow().getValue())[0][0];
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }
}
