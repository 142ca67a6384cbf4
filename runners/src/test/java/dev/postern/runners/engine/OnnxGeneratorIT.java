package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.testing.TinyLlama;
import dev.postern.runners.testing.TinyLlama.Weights;
import dev.postern.runners.wire.Sampling;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class OnnxGeneratorIT {
  private static final EngineConfig CONFIG =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(1)
          .withMaxRows(4)
          .withPrefillChunk(16)
          .withCacheBytes(64 << 20);

  @TempDir private static Path folder;
  private static Path model;
  private static OnnxGenerator generator;

  @BeforeAll
  static void open() throws Exception {
    model = importTiny(new FloatFormat(), Weights.FLOATS);
    generator = OnnxGenerator.open(model, CONFIG);
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  private static Path importTiny(LinearFormat format, Weights weights) throws Exception {
    Path source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(1, weights));
    return new ModelImport(folder.resolve("cache"), format)
        .run(source, null, ImportProgress.NONE)
        .path();
  }

  private static Sampling sampling(double temperature, long seed, int top) {
    return new Sampling(temperature, 0.9, 1, seed, List.of(), 0, 0, Map.of(), top > 0, top);
  }

  private static Recording submit(Generator on, int[] prompt, Sampling sampling, int count) {
    var listener = new Recording();
    on.submit(Request.of(prompt, sampling, count), listener);
    return listener;
  }

  private static List<Integer> alone(Generator on, int[] prompt, Sampling sampling, int count)
      throws Exception {
    Recording listener = submit(on, prompt, sampling, count);
    listener.await();
    return listener.ids();
  }

  private static int[] prompt(int length, long seed) {
    return new Random(seed).ints(length, 3, TinyLlama.vocabulary().size()).toArray();
  }

  @Test
  void givesTheSameTokensInABatchAsAlone() throws Exception {
    List<Recording> together = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      together.add(submit(generator, prompt(1 + i * 7, i), sampling(0, 0, 0), 10 + i * 5));
    }
    for (Recording listener : together) {
      listener.await();
    }
    for (int i = 0; i < 12; i++) {
      assertThat(together.get(i).ids())
          .isEqualTo(alone(generator, prompt(1 + i * 7, i), sampling(0, 0, 0), 10 + i * 5));
    }
  }

  @Test
  void repeatsASeedWhoeverSharesTheBatch() throws Exception {
    List<Integer> alone = alone(generator, prompt(9, 1), sampling(1, 42, 0), 40);
    List<Recording> together = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      long seed = i == 2 ? 42 : i;
      together.add(submit(generator, prompt(9, 1), sampling(1, seed, 0), 40));
    }
    for (Recording listener : together) {
      listener.await();
    }
    assertThat(together.get(2).ids()).isEqualTo(alone);
    assertThat(together.get(1).ids()).isNotEqualTo(alone);
  }

  @Test
  void readsAPromptInChunksAsInOne() throws Exception {
    int[] prompt = prompt(150, 3);
    try (OnnxGenerator whole = OnnxGenerator.open(model, CONFIG.withPrefillChunk(256))) {
      Recording inOne = submit(whole, prompt, sampling(0, 0, 5), 20);
      Recording inChunks = submit(generator, prompt, sampling(0, 0, 5), 20);
      inOne.await();
      inChunks.await();
      assertThat(inChunks.ids()).isEqualTo(inOne.ids());
      assertThat(inChunks.tokens().getFirst().logprob())
          .isCloseTo(inOne.tokens().getFirst().logprob(), within(1e-4f));
    }
  }

  /** Random weights exaggerate every error; real ones are measured by {@code model inspect}. */
  @Test
  void servesEightBitsNearFloats() throws Exception {
    try (var floats = OnnxGenerator.open(importTiny(new FloatFormat(), Weights.FLOATS), CONFIG)) {
      for (LinearFormat format : List.of(new BlockInt8Format(), new RowInt8Format())) {
        try (var served = OnnxGenerator.open(importTiny(format, Weights.FLOATS), CONFIG)) {
          assertThat(distance(floats, served)).as(format.name()).isLessThan(0.2);
        }
      }
    }
  }

  private static double distance(Generator exact, Generator served) throws Exception {
    double sum = 0;
    int count = 0;
    for (int seed = 0; seed < 5; seed++) {
      List<Token> expected = scored(exact, prompt(60, seed));
      List<Token> actual = scored(served, prompt(60, seed));
      for (int at = 0; at < expected.size(); at++, count++) {
        sum += Math.abs(actual.get(at).logprob() - expected.get(at).logprob());
      }
    }
    return sum / count;
  }

  private static List<Token> scored(Generator on, int[] prompt) throws Exception {
    var listener = new Recording();
    on.submit(Request.of(prompt, sampling(0, 0, 3), 0).scoringPrompt(), listener);
    assertThat(listener.await().reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(listener.ids()).isEmpty();
    return listener.prompt();
  }

  @Test
  void scoresAPromptAsGenerationWouldHaveReportedIt() throws Exception {
    Recording generated = submit(generator, prompt(5, 8), sampling(0, 0, 3), 40);
    generated.await();
    int[] whole = new int[5 + generated.ids().size()];
    System.arraycopy(prompt(5, 8), 0, whole, 0, 5);
    for (int i = 5; i < whole.length; i++) {
      whole[i] = generated.ids().get(i - 5);
    }
    List<Token> scored = scored(generator, whole);
    assertThat(scored).hasSize(whole.length - 1);
    for (int i = 0; i < generated.tokens().size(); i++) {
      Token expected = generated.tokens().get(i);
      Token actual = scored.get(i + 4);
      assertThat(actual.id()).isEqualTo(expected.id());
      assertThat(actual.logprob()).isCloseTo(expected.logprob(), within(1e-3f));
      assertThat(actual.top().getFirst().id()).isEqualTo(expected.top().getFirst().id());
    }
  }

  @Test
  void endsWithinAStepWhenCancelled() throws Exception {
    var listener = new Recording();
    Generator.Generation generation =
        generator.submit(Request.of(prompt(3, 1), sampling(1, 3, 0), 250), listener);
    listener.awaitFirstToken();
    generation.cancel();
    FinishReason reason = listener.await().reason();
    // The nonsense may have ended by itself before the word arrived.
    assertThat(reason).isIn(FinishReason.CANCELLED, FinishReason.STOP);
    assertThat(listener.ids()).hasSizeLessThan(250);
  }

  @Test
  void stopsAtTheEndOfTheContext() throws Exception {
    Recording listener = submit(generator, prompt(250, 1), sampling(0, 0, 0), 1_000_000);
    assertThat(listener.await().reason()).isIn(FinishReason.LENGTH, FinishReason.STOP);
    assertThat(listener.ids()).hasSizeLessThanOrEqualTo(TinyLlama.CONTEXT - 250);
  }

  @Test
  void runsOnTheProcessorUnlessCudaIsThereAndDemanded() throws Exception {
    try (var chosen = OnnxGenerator.open(model, CONFIG.withProvider(EngineConfig.Provider.AUTO))) {
      assertThat(alone(chosen, prompt(5, 1), sampling(0, 0, 0), 10))
          .isEqualTo(alone(generator, prompt(5, 1), sampling(0, 0, 0), 10));
    }
    assumeThat(OrtEnvironment.getAvailableProviders()).doesNotContain(OrtProvider.CUDA);
    assertThatThrownBy(
            () -> OnnxGenerator.open(model, CONFIG.withProvider(EngineConfig.Provider.CUDA)))
        .isInstanceOf(OrtException.class)
        .hasMessageContaining("cuda:0 cannot be used")
        .hasMessageContaining("for processors only");
  }

  @Test
  void refusesPromptsItCannotTake() {
    assertThatThrownBy(() -> submit(generator, new int[0], sampling(0, 0, 0), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("empty");
    assertThatThrownBy(() -> submit(generator, prompt(256, 1), sampling(0, 0, 0), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no room");
    assertThatThrownBy(() -> submit(generator, new int[] {99_999}, sampling(0, 0, 0), 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("vocabulary");
  }

  @Test
  void chargesEachRowItsShareOfProcessorTime() throws Exception {
    Recording first = submit(generator, prompt(20, 1), sampling(0, 0, 0), 30);
    Recording second = submit(generator, prompt(20, 2), sampling(0, 0, 0), 30);
    assertThat(first.await().timings().cpuMicros()).isPositive();
    assertThat(second.await().timings().cpuMicros()).isPositive();
  }

  @Test
  void rendersAndReadsBackItsOwnChatFormat() {
    String text = generator.renderChat(Conversation.of(List.of(Turn.of("user", "hell é"))));
    int[] ids = generator.tokenizer().encode(text, true);
    assertThat(ids[0]).isEqualTo(1);
    var bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(generator.tokenizer().bytes(id));
    }
    assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo("user\nhell é\nassistant");
    assertThat(generator.tokenizer().endsGeneration(2)).isTrue();
    assertThat(generator.tokenizer().endsGeneration(0)).isTrue();
    assertThat(generator.tokenizer().endsGeneration(5)).isFalse();
  }

  @Test
  void readsControlTokensInTextOnlyWhenTold() {
    int[] asText = generator.tokenizer().encode("<|im_end|>", false);
    assertThat(asText).hasSizeGreaterThan(1).doesNotContain(2);
    assertThat(generator.tokenizer().encode("<|im_end|>", true)).containsExactly(2);
  }
}
