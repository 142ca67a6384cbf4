package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.testing.TinyAdapter;
import dev.postern.runners.testing.TinyFamily;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Rows with and without adapters, on 8-bit weights. */
class AdapterIndependenceIT {
  private static final String NAME = "llama2";
  private static final TinyFamily FAMILY = TinyFamily.read(NAME);
  private static final int STEPS = 4;

  @TempDir private static Path folder;
  private static Loaded bytes;
  private static Loaded floats;

  /** A decoder, and handles of adapters behind one for none. */
  private record Loaded(OnnxDecoder decoder, Adapters adapters, List<Long> handles) {
    static Loaded open(LinearFormat format) throws Exception {
      ModelFolder model =
          new ModelImport(folder.resolve("cache"), format)
              .run(FAMILY.write(folder.resolve(format.name())), null, ImportProgress.NONE);
      EngineConfig config =
          EngineConfig.defaults()
              .withProvider(EngineConfig.Provider.CPU)
              .withThreads(1)
              .withMaxRows(6)
              .withCacheBytes(16 << 20);
      var decoder = OnnxDecoder.open(model.path().resolve(ModelFolder.GRAPH), config, 128);
      var adapters = new Adapters(model, new AdapterStore(folder.resolve("cache")), 64 << 20);
      var handles = new ArrayList<Long>();
      handles.add(0L);
      for (TinyAdapter adapter : TinyAdapter.read(NAME)) {
        Path peft = adapter.write(folder.resolve("adapter" + handles.size()));
        handles.add(adapters.lease(adapters.add(peft, "tuned").digest()).handle());
      }
      return new Loaded(decoder, adapters, handles);
    }

    /** The logits of the first row's steps after a prompt that all rows have. */
    float[][] steps(List<Integer> rows) throws Exception {
      int[] prompt = FAMILY.prompt();
      for (int row = 0; row < rows.size(); row++) {
        decoder.clear(row);
        decoder.adapt(row, handles.get(rows.get(row)));
        decoder.prefill(row, prompt, 0, prompt.length, false);
      }
      float[][] logits = new float[STEPS][decoder.vocabulary()];
      int[] next = new int[rows.size()];
      for (int step = 0; step < STEPS; step++) {
        for (int row = 0; row < next.length; row++) {
          next[row] = 50 + 10 * rows.get(row) + step;
        }
        decoder.decode(next.length, next);
        decoder.logits(0, logits[step]);
      }
      return logits;
    }
  }

  @BeforeAll
  static void open() throws Exception {
    bytes = Loaded.open(new RowInt8Format());
    floats = Loaded.open(new FloatFormat());
  }

  @AfterAll
  static void close() {
    for (Loaded loaded : List.of(bytes, floats)) {
      loaded.decoder.close();
      loaded.adapters.close();
    }
  }

  @Test
  void aRowIsTheSameToTheLastBitWhateverTheOthersHave() throws Exception {
    for (int first = 0; first < bytes.handles.size(); first++) {
      float[][] alone = bytes.steps(List.of(first));
      for (List<Integer> others : List.of(List.of(1), List.of(0, 2), List.of(4, 3, 0, 1, 1))) {
        var rows = new ArrayList<>(List.of(first));
        rows.addAll(others);
        assertThat(bytes.steps(rows)).as("%s", rows).isDeepEqualTo(alone);
      }
    }
  }

  @Test
  void anAdapterIsFollowedThoughChannelsWereScaled() throws Exception {
    float[][] bare = floats.steps(List.of(0));
    for (int adapter = 1; adapter < bytes.handles.size(); adapter++) {
      float[][] expected = floats.steps(List.of(adapter));
      double distance = distance(bytes.steps(List.of(adapter)), expected);
      assertThat(distance).isLessThan(distance(bare, expected) / 3);
    }
  }

  private static double distance(float[][] actual, float[][] expected) {
    double sum = 0;
    for (int step = 0; step < STEPS; step++) {
      for (int i = 0; i < expected[step].length; i++) {
        sum += Math.pow(actual[step][i] - expected[step][i], 2);
      }
    }
    return Math.sqrt(sum);
  }
}
