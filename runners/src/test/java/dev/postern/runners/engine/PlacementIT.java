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
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
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

  private ModelFolder model(Path source) throws Exception {
    return new ModelImport(folder.resolve("cache"), new HalfFormat())
        .run(source, null, ImportProgress.NONE);
  }

  private ModelFolder family(String name) throws Exception {
    return model(TinyFamily.read(name).write(folder.resolve("source")));
  }

  private ModelFolder longer() throws Exception {
    return model(Files.write(folder.resolve("tiny.gguf"), TinyLlama.gguf(1)));
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

  /** What is done on both placements; its last step has all rows. */
  private interface Work {
    void on(Decoder decoder) throws Exception;
  }

  /** Prompts in chunks, steps, and a row that is moved. */
  private static void rows(Decoder decoder) throws Exception {
    int[] prompt = new Random(1).ints(20, 3, decoder.vocabulary()).toArray();
    for (int row = 0; row < ROWS; row++) {
      decoder.prefill(row, prompt, 0, 10 + row, false);
      decoder.prefill(row, prompt, 10 + row, 4, row == 1);
    }
    decoder.decode(ROWS, new int[] {5, 6, 7});
    decoder.copy(2, 0);
    decoder.clear(2);
    decoder.share(1, 2, 8);
    decoder.prefill(2, prompt, 8, 5, false);
    decoder.decode(ROWS, new int[] {8, 9, 10});
  }

  /** Blocks that are set aside and taken back by other rows. */
  private static void blocks(Decoder decoder) throws Exception {
    int block = decoder.blockTokens();
    int[] prompt = new Random(2).ints(block + 9, 3, decoder.vocabulary()).toArray();
    decoder.prefill(0, prompt, 0, prompt.length, false);
    decoder.save(0, 0, 1);
    decoder.save(0, 9, 0);
    for (int row = 1; row < ROWS; row++) {
      decoder.load(row % 2, row);
      decoder.prefill(row, prompt, block, 6, false);
    }
    decoder.decode(ROWS, new int[] {8, 9, 10});
  }

  private static float[][] logits(Decoder decoder, Work work) throws Exception {
    work.on(decoder);
    float[][] logits = new float[ROWS][decoder.vocabulary()];
    for (int row = 0; row < ROWS; row++) {
      decoder.logits(row, logits[row]);
    }
    return logits;
  }

  private static void agree(ModelFolder model, Placement placement, Work work) throws Exception {
    float[][] expected;
    try (Decoder processor = open(model, new Placement.Processor())) {
      expected = logits(processor, work);
    }
    try (Decoder device = open(model, placement)) {
      float[][] actual = logits(device, work);
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
    agree(family("llama3"), new Placement.Processor(), PlacementIT::rows);
    agree(longer(), new Placement.Processor(), PlacementIT::blocks);
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama3", "qwen2", "qwen3", "gemma2", "gemma3", "phi3"})
  void cudaAgreesWithTheProcessor(String family) throws Exception {
    assumeThat(CudaRuntime.obstacle(0)).isEmpty();
    agree(family(family), new Placement.Cuda(new CudaRuntime(), 0), PlacementIT::rows);
  }

  @Test
  void cudaSetsBlocksAside() throws Exception {
    assumeThat(CudaRuntime.obstacle(0)).isEmpty();
    agree(longer(), new Placement.Cuda(new CudaRuntime(), 0), PlacementIT::blocks);
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
