package dev.postern.runners.quality;

import ai.onnxruntime.OrtException;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Listener;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Timings;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.engine.Tokenizer;
import dev.postern.runners.wire.Sampling;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A short run of the serving engine on one thread. Time is the engine thread's own processor time,
 * so that whatever else the machine does is left out.
 */
final class SpeedTrial {
  private static final int ROWS = 8;
  private static final int PROMPT = 16;
  private static final int TOKENS = 64;
  private static final int CONTEXT = PROMPT + TOKENS;

  /** Enough to keep a token from ever being chosen. */
  private static final double NEVER = -100;

  /**
   * @param one tokens a second of one core, one row
   * @param eight the same with eight rows
   */
  record Result(double one, double eight) {}

  private SpeedTrial() {}

  static Result run(Path folder, List<int[]> texts) throws IOException, OrtException {
    EngineConfig config =
        EngineConfig.defaults()
            .withProvider(EngineConfig.Provider.CPU)
            .withThreads(1)
            .withMaxRows(ROWS)
            .withMaxContext(CONTEXT);
    try (var generator = OnnxGenerator.open(folder, config)) {
      Sampling sampling = endless(generator.tokenizer());
      // The first steps find nothing laid out or compiled.
      speed(generator, sampling, texts, 1);
      return new Result(
          speed(generator, sampling, texts, 1), speed(generator, sampling, texts, ROWS));
    }
  }

  /** Greedy, and never at an end, so that all rows run as long. */
  private static Sampling endless(Tokenizer tokenizer) {
    Map<Integer, Double> bias = new HashMap<>();
    for (int id = 0; id < tokenizer.vocabularySize(); id++) {
      if (tokenizer.endsGeneration(id)) {
        bias.put(id, NEVER);
      }
    }
    return new Sampling(0, 1, 1, null, List.of(), 0, 0, bias, false, 0);
  }

  private static double speed(
      OnnxGenerator generator, Sampling sampling, List<int[]> texts, int rows) {
    var stopwatch = new Stopwatch(rows);
    for (int row = 0; row < rows; row++) {
      int[] text = texts.get(row % texts.size());
      int[] prompt = Arrays.copyOf(text, Math.min(text.length, PROMPT));
      generator.submit(Request.of(prompt, sampling, TOKENS), stopwatch);
    }
    return stopwatch.result.join();
  }

  /** Hears all rows, on the engine's thread: counts from when each has begun until one ends. */
  private static final class Stopwatch implements Listener {
    private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    private final CompletableFuture<Double> result = new CompletableFuture<>();
    private final int rows;
    private int tokens;
    private int tokensAtStart;
    private long start;

    Stopwatch(int rows) {
      this.rows = rows;
    }

    @Override
    public void onToken(Token token) {
      tokens++;
      // The rows' prompts are read one after the other; by then each of them generates.
      if (tokens == 4 * rows) {
        tokensAtStart = tokens;
        start = threads.getCurrentThreadCpuTime();
      }
    }

    @Override
    public void onEnd(FinishReason reason, Timings timings) {
      if (result.isDone()) {
        return;
      }
      int counted = tokens - tokensAtStart;
      result.complete(counted * 1e9 / (threads.getCurrentThreadCpuTime() - start));
    }

    @Override
    public void onFailure(Throwable cause) {
      result.completeExceptionally(cause);
    }
  }
}
