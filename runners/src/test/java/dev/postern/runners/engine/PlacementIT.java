package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.ort.CudaRuntime;
import dev.postern.runners.testing.TinyFamily;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same work on two placements; on CUDA where there is a device, and nowhere else. */
class PlacementIT {
  private static final int ROWS = 3;
  private static final double NEARNESS = 0.05;

  @TempDir private Path folder;

  private ModelFolder model(String family) throws Exception {
    return new ModelImport(folder.resolve("cache"), new HalfFormat())
        .run(TinyFamily.read(family).write(folder.resolve("source")), null, ImportProgress.NONE);
  }

  private static Decoder open(ModelFolder model, Placement placement) throws Exception {
    EngineConfig config =
        EngineConfig.defaults()
            .withThreads(1)
            .withMaxRows(ROWS)
            .withPrefillChunk(256)
            .withCacheBytes(64 << 20);
    return BoundDecoder.open(
        model.path().resolve(ModelFolder.GRAPH),
        config,
        model.manifest().contextLength(),
        placement);
  }

  /** Prompts in chunks, steps, a row moved, blocks set aside and taken back: the last logits. */
  private static float[][] work(Decoder decoder) throws Exception {
    int block = decoder.blockTokens();
    int[] prompt = new Random(1).ints(block + 9, 3, decoder.vocabulary()).toArray();
    for (int row = 0; row < ROWS; row++) {
      decoder.prefill(row, prompt, 0, block + row, false);
      decoder.prefill(row, prompt, block + row, 4, false);
    }
    decoder.decode(ROWS, new int[] {5, 6, 7});
    decoder.save(2, 0, 0);
    decoder.copy(2, 0);
    decoder.clear(2);
    decoder.load(0, 2);
    decoder.prefill(2, prompt, block, 3, true);
    decoder.share(1, 2, block);
    decoder.prefill(2, prompt, block, 5, false);
    decoder.decode(ROWS, new int[] {8, 9, 10});
    float[][] logits = new float[ROWS][decoder.vocabulary()];
    for (int row = 0; row < ROWS; row++) {
      decoder.logits(row, logits[row]);
    }
    return logits;
  }

  private void agree(ModelFolder model, Placement placement) throws Exception {
    float[][] expected;
    try (Decoder processor = open(model, new Placement.Processor())) {
      expected = work(processor);
    }
    try (Decoder device = open(model, placement)) {
      float[][] actual = work(device);
      for (int row = 0; row < ROWS; row++) {
        for (int i = 0; i < expected[row].length; i++) {
          assertThat((double) actual[row][i])
              .as("row %d, logit %d", row, i)
              .isCloseTo(expected[row][i], within(NEARNESS));
        }
      }
    }
  }

  @Test
  void twoOnTheProcessorAgree() throws Exception {
    agree(model("llama3"), new Placement.Processor());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"})
  void cudaAgreesWithTheProcessor(String family) throws Exception {
    assumeThat(CudaRuntime.obstacle(0)).isEmpty();
    agree(model(family), new Placement.Cuda(new CudaRuntime(), 0));
  }

  @Test
  void cudaTellsItsMemory() throws Exception {
    assumeThat(CudaRuntime.obstacle(0)).isEmpty();
    try (var runtime = new CudaRuntime()) {
      var memory = runtime.memory(0);
      assertThat(memory.free()).isPositive().isLessThanOrEqualTo(memory.total());
    }
  }
}
