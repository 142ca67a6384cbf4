package dev.postern.runners.scoring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Listener;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Timings;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.engine.Logits;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.scoring.ScoringSession.Memory;
import dev.postern.runners.scoring.ScoringSession.State;
import dev.postern.runners.testing.TinyLlama;
import dev.postern.runners.wire.Sampling;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class ScoringSessionIT {
  @TempDir private static Path folder;
  private static ModelFolder model;
  private static ScoringSession session;

  @BeforeAll
  static void open() throws Exception {
    Path gguf = folder.resolve("tiny.gguf");
    Files.write(gguf, TinyLlama.gguf(5));
    model = new ModelImport(folder, new FloatFormat()).run(gguf, null, ImportProgress.NONE);
    session = ScoringSession.open(model.path().resolve(ModelFolder.GRAPH), Memory.MAPPED);
  }

  @AfterAll
  static void close() {
    session.close();
  }

  private static int[] tokens(int count, long seed) {
    return new Random(seed).ints(count, 3, TinyLlama.vocabulary().size()).toArray();
  }

  private static float[] logits(int index) {
    float[] values = new float[session.vocabulary()];
    session.logits(index, values);
    return values;
  }

  @Test
  void readsInStepsWhatItReadsAtOnce() throws Exception {
    int[] tokens = tokens(20, 1);
    float[][] whole = new float[20][];
    try (State state = session.extend(session.empty(), tokens, 0, 20, 20)) {
      assertThat(state.length()).isEqualTo(20);
      for (int i = 0; i < 20; i++) {
        whole[i] = logits(i);
      }
    }
    try (State first = session.extend(session.empty(), tokens, 0, 13, 1)) {
      assertThat(logits(0)).containsExactly(whole[12], within(1e-4f));
      try (State second = session.extend(first, tokens, 13, 7, 7)) {
        assertThat(second.length()).isEqualTo(20);
        for (int i = 0; i < 7; i++) {
          assertThat(logits(i)).containsExactly(whole[13 + i], within(1e-4f));
        }
      }
    }
  }

  @Test
  void continuesOnePrefixInManyWaysWithoutChangingIt() throws Exception {
    int[] tokens = tokens(12, 2);
    int[] others = tokens(12, 3);
    try (State prefix = session.extend(session.empty(), tokens, 0, 8, 1)) {
      session.extend(prefix, tokens, 8, 4, 4).close();
      float[] before = logits(3);
      session.extend(prefix, others, 0, 12, 12).close();
      session.extend(prefix, tokens, 8, 4, 4).close();
      assertThat(logits(3)).containsExactly(before);
    }
  }

  @Test
  void expectsWhatTheServingEngineExpects() throws Exception {
    int[] tokens = tokens(30, 4);
    List<Token> served = served(tokens);
    session.extend(session.empty(), tokens, 0, 30, 30).close();
    for (int i = 0; i + 1 < tokens.length; i++) {
      float[] expected = logits(i);
      assertThat(served.get(i).logprob())
          .isCloseTo((float) (expected[tokens[i + 1]] - Logits.logSumExp(expected)), within(1e-3f));
    }
  }

  private static List<Token> served(int[] tokens) throws Exception {
    var scored = new CompletableFuture<List<Token>>();
    EngineConfig config =
        EngineConfig.defaults().withProvider(EngineConfig.Provider.CPU).withThreads(1);
    try (var generator = OnnxGenerator.open(model.path(), config)) {
      var sampling = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), true, 0);
      generator.submit(
          Request.of(tokens, sampling, 0).scoringPrompt(),
          new Listener() {
            @Override
            public void onPrompt(List<Token> prompt) {
              scored.complete(List.copyOf(prompt));
            }

            @Override
            public void onToken(Token token) {}

            @Override
            public void onEnd(FinishReason reason, Timings timings) {}

            @Override
            public void onFailure(Throwable cause) {
              scored.completeExceptionally(cause);
            }
          });
      return scored.get(30, TimeUnit.SECONDS);
    }
  }

  @Test
  void aStepIsBoundedByWhatItsLogitsTake() {
    assertThat(session.maxStep()).isBetween(1, 64);
    assertThat(session.maxStep() * session.vocabulary() * 4).isLessThanOrEqualTo(8 << 20);
  }
}
