package dev.postern.runners.engine;

import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.adapter.SampleAdapter;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.Projection;
import dev.postern.runners.importer.Trees;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/**
 * What a step takes when each row has an adapter of its own (rank 8 on q, k, v and o), over what it
 * takes without.
 */
record AdapterBench(Decoder decoder, int[] prompt, LongSupplier clock) {
  private static final int RANK = 8;
  private static final double SIZE = 0.01;
  private static final long BYTES = 64L << 20;
  private static final int PAST = 64;
  private static final int STEPS = 100;
  private static final List<Projection> ADAPTED =
      List.of(Projection.Q, Projection.K, Projection.V, Projection.O);

  /** Fields of JSON; none where the model has no places for adapters. */
  String run(ModelFolder model, int... batches) throws Exception {
    if (!model.manifest().files().containsKey(ModelFolder.ADAPTED_GRAPH)) {
      return "";
    }
    var line = new StringBuilder();
    Path work = Files.createTempDirectory("postern-adapters");
    try (var adapters = new Adapters(model, new AdapterStore(work), BYTES)) {
      long[] handles = new long[Arrays.stream(batches).max().orElseThrow()];
      for (int row = 0; row < handles.length; row++) {
        Path folder =
            new SampleAdapter(row, RANK, ADAPTED, SIZE)
                .write(work.resolve("sample"), model.manifest().architecture());
        handles[row] = adapters.lease(adapters.add(folder, "sample").digest()).handle();
      }
      decoder.openForAdapters();
      for (int rows : batches) {
        line.append(
            String.format(Locale.ROOT, ", \"adapters_%d\": %.3f", rows, ratio(rows, handles)));
      }
    } finally {
      Trees.delete(work);
    }
    return line.toString();
  }

  /** The median of pairs of steps, without and with, so that both meet the same neighbours. */
  private double ratio(int rows, long[] handles) throws Exception {
    for (int row = 0; row < rows; row++) {
      decoder.clear(row);
      decoder.prefill(row, prompt, 0, PAST, false);
    }
    int[] tokens = new int[rows];
    Arrays.fill(tokens, prompt[PAST]);
    double[] ratios = new double[STEPS];
    for (int step = 0; step < STEPS; step++) {
      double bare = step(tokens, new long[rows]);
      ratios[step] = step(tokens, handles) / bare;
    }
    Arrays.sort(ratios);
    return ratios[STEPS / 2];
  }

  private double step(int[] tokens, long[] handles) throws Exception {
    for (int row = 0; row < tokens.length; row++) {
      decoder.adapt(row, handles[row]);
    }
    long begun = clock.getAsLong();
    decoder.decode(tokens.length, tokens);
    return clock.getAsLong() - begun;
  }
}
