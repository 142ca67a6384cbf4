package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyLlama;
import dev.postern.runners.testing.TinyLlama.Weights;
import dev.postern.runners.wire.Sampling;
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

/** What rows cost a real session, and what they do not cost twice. */
@Timeout(120)
class EngineCostsIT {
  private static final EngineConfig CONFIG =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(2)
          .withMaxRows(4)
          .withPrefillChunk(64)
          .withCacheBytes(64 << 20);

  /** Positions of 16 floats a head that fill a page. */
  private static final int BLOCK = 64;

  @TempDir private static Path folder;
  private static Path model;
  private static OnnxGenerator generator;

  @BeforeAll
  static void open() throws Exception {
    Path source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(1, Weights.FLOATS));
    model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(source, null, ImportProgress.NONE)
            .path();
    generator = OnnxGenerator.open(model, CONFIG);
  }

  @AfterAll
  static void close() {
    generator.close();
  }

  private static int[] prompt(int length, long seed) {
    return new Random(seed).ints(length, 3, TinyLlama.vocabulary().size()).toArray();
  }

  private static Recording submit(Generator on, int[] prompt, String tenant, int count) {
    var sampling = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), true, 4);
    var listener = new Recording();
    on.submit(
        new Request(prompt, sampling, count, false, new Caller(tenant, 1, 0), null, null),
        listener);
    return listener;
  }

  private static Recording run(Generator on, int[] prompt, String tenant, int count)
      throws Exception {
    Recording listener = submit(on, prompt, tenant, count);
    listener.await();
    return listener;
  }

  @Test
  void chargesRowsAllThatTheEngineSpends() throws Exception {
    run(generator, prompt(20, 1), "warm", 60);
    long before = generator.counters().rowCpuMicros() + generator.counters().idleCpuMicros();
    List<Recording> listeners = new ArrayList<>();
    for (int i = 0; i < 60; i++) {
      listeners.add(submit(generator, prompt(100 + i, i), "t" + i % 3, 60));
    }
    long charged = 0;
    for (Recording listener : listeners) {
      charged += listener.await().timings().cpuMicros();
    }
    long engine = generator.counters().rowCpuMicros() + generator.counters().idleCpuMicros();
    assertThat((double) charged / (engine - before)).isCloseTo(1, within(0.02));
  }

  @Test
  void answersAPromptItKnowsAsIfItDidNot() throws Exception {
    for (int length : new int[] {17, 66, 67, 90, 150}) {
      int[] prompt = prompt(length, length);
      Recording first = run(generator, prompt, "a", 30);
      Recording again = run(generator, prompt, "a", 30);
      Recording stranger = run(generator, prompt, "b", 30);
      assertThat(first.await().timings().cachedTokens()).isZero();
      assertThat(again.await().timings().cachedTokens()).isEqualTo((length - 2) / BLOCK * BLOCK);
      assertThat(stranger.await().timings().cachedTokens()).isZero();
      // Tokens, their log probabilities and those of four others, to the last bit.
      assertThat(again.tokens()).isEqualTo(first.tokens()).isEqualTo(stranger.tokens());
    }
  }

  @Test
  void readsAPromptThatSeveralAwaitOnce() throws Exception {
    long before = generator.counters().fedTokens();
    int[] prompt = prompt(200, 77);
    List<Recording> samples = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      samples.add(submit(generator, prompt, "n", 20));
    }
    for (Recording sample : samples) {
      sample.await();
      assertThat(sample.tokens()).isEqualTo(samples.getFirst().tokens());
    }
    assertThat(generator.counters().fedTokens() - before).isLessThanOrEqualTo(200 + 3 * 2);
  }

  /** Rows that send each other back for memory end as they do with plenty of it. */
  @Test
  void staysWithinASmallCacheAndAnswersTheSame() throws Exception {
    try (var small = OnnxGenerator.open(model, CONFIG.withCacheBytes(250_000))) {
      List<Recording> listeners = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        listeners.add(submit(small, prompt(50 + i % 7, i), "t" + i % 3, 90));
      }
      for (int i = 0; i < 40; i++) {
        listeners.get(i).await();
        assertThat(listeners.get(i).ids())
            .isEqualTo(run(generator, prompt(50 + i % 7, i), "t", 90).ids());
      }
      assertThat(small.counters().preemptions()).isPositive();
      assertThat(small.load().cacheBytes()).isZero();
    }
  }
}
