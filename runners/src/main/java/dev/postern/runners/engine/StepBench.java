package dev.postern.runners.engine;

import dev.postern.runners.importer.ModelFolder;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Random;
import java.util.function.LongSupplier;

/**
 * Processor time of the engine's steps with one model, one thread: a line of JSON with tokens per
 * CPU-second. {@code ops/bench/steps.py} runs it between runs of llama.cpp.
 */
public final class StepBench {
  private static final int[] ROWS = {1, 8, 16};
  private static final int PAST = 64;
  private static final int PROMPT = 512;
  private static final int STEPS = 100;

  /** Until our operators are compiled, as they are in a runner that has served for a minute. */
  private static final int WARM_UPS = 5;

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private StepBench() {}

  /**
   * @param args the model's folder, and the device unless it is {@code cpu}: on a CUDA device the
   *     time is a clock's, for the processor only waits there
   */
  public static void main(String[] args) throws Exception {
    ModelFolder model = ModelFolder.open(Path.of(args[0]));
    String device = args.length > 1 ? args[1] : "cpu";
    EngineConfig config = EngineConfig.defaults().onDevice(device).withMaxRows(16);
    LongSupplier clock = device.equals("cpu") ? THREADS::getCurrentThreadCpuTime : System::nanoTime;
    long before = System.nanoTime();
    try (var decoder = ProviderChoice.open(model, config)) {
      var line = new StringBuilder("{");
      line.append("\"load_ms\": ").append((System.nanoTime() - before) / 1_000_000);
      int[] prompt = new Random(1).ints(PROMPT, 100, decoder.vocabulary() - 100).toArray();
      for (int round = 0; round < WARM_UPS; round++) {
        steps(decoder, ROWS[0], prompt, clock);
        prefill(decoder, prompt, clock);
      }
      for (int rows : ROWS) {
        line.append(
            String.format(
                Locale.ROOT, ", \"rows_%d\": %.1f", rows, steps(decoder, rows, prompt, clock)));
      }
      line.append(
          String.format(Locale.ROOT, ", \"prefill\": %.1f", prefill(decoder, prompt, clock)));
      line.append(new AdapterBench(decoder, prompt, clock).run(model, ROWS)).append("}");
      System.out.println(line);
    }
  }

  private static double steps(Decoder decoder, int rows, int[] prompt, LongSupplier clock)
      throws Exception {
    for (int row = 0; row < rows; row++) {
      decoder.clear(row);
      decoder.prefill(row, prompt, 0, PAST, false);
    }
    int[] tokens = new int[rows];
    Arrays.fill(tokens, prompt[PAST]);
    long[] nanos = new long[STEPS];
    for (int step = 0; step < STEPS; step++) {
      long begun = clock.getAsLong();
      decoder.decode(rows, tokens);
      nanos[step] = clock.getAsLong() - begun;
    }
    Arrays.sort(nanos);
    return rows * 1e9 / nanos[STEPS / 2];
  }

  private static double prefill(Decoder decoder, int[] prompt, LongSupplier clock)
      throws Exception {
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 3; round++) {
      decoder.clear(0);
      long begun = clock.getAsLong();
      for (int from = 0; from < PROMPT; from += 128) {
        decoder.prefill(0, prompt, from, 128, false);
      }
      best = Math.min(best, clock.getAsLong() - begun);
    }
    return PROMPT * 1e9 / best;
  }
}
