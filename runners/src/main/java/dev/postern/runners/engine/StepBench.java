package dev.postern.runners.engine;

import dev.postern.runners.importer.ModelFolder;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;

/**
 * Processor time of the engine's steps with one model, one thread: a line of JSON with tokens per
 * CPU-second. {@code ops/bench/steps.py} runs it between runs of llama.cpp.
 */
public final class StepBench {
  private static final int[] ROWS = {1, 8, 16};
  private static final int PAST = 64;
  private static final int PROMPT = 512;
  private static final int STEPS = 100;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private StepBench() {}

  /**
   * @param args the model's folder
   */
  public static void main(String[] args) throws Exception {
    Path folder = Path.of(args[0]);
    int context = ModelFolder.open(folder).manifest().contextLength();
    EngineConfig config =
        EngineConfig.defaults().withProvider(EngineConfig.Provider.CPU).withMaxRows(16);
    long before = System.nanoTime();
    try (var decoder = ProviderChoice.open(folder.resolve(ModelFolder.GRAPH), config, context)) {
      var line = new StringBuilder("{");
      line.append("\"load_ms\": ").append((System.nanoTime() - before) / 1_000_000);
      int[] prompt = new Random(1).ints(PROMPT, 100, decoder.vocabulary() - 100).toArray();
      for (int rows : ROWS) {
        line.append(
            String.format(Locale.ROOT, ", \"rows_%d\": %.1f", rows, steps(decoder, rows, prompt)));
      }
      line.append(String.format(Locale.ROOT, ", \"prefill\": %.1f}", prefill(decoder, prompt)));
      System.out.println(line);
    }
  }

  private static double steps(Decoder decoder, int rows, int[] prompt) throws Exception {
    for (int row = 0; row < rows; row++) {
      decoder.clear(row);
      decoder.prefill(row, prompt, 0, PAST, false);
    }
    int[] tokens = new int[rows];
    Arrays.fill(tokens, prompt[PAST]);
    long[] nanos = new long[STEPS];
    for (int step = 0; step < STEPS; step++) {
      long begun = THREADS.getCurrentThreadCpuTime();
      decoder.decode(rows, tokens);
      nanos[step] = THREADS.getCurrentThreadCpuTime() - begun;
    }
    Arrays.sort(nanos);
    return rows * 1e9 / nanos[STEPS / 2];
  }

  private static double prefill(Decoder decoder, int[] prompt) throws Exception {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 3; round++) {
      decoder.clear(0);
      long begun = THREADS.getCurrentThreadCpuTime();
      for (int from = 0; from < PROMPT; from += 128) {
        decoder.prefill(0, prompt, from, 128, false);
      }
      best = Math.min(best, THREADS.getCurrentThreadCpuTime() - begun);
    }
    return PROMPT * 1e9 / best;
  }
}
