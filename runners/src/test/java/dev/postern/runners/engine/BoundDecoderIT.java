package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The decoder for devices, on the processor and its memory: it must give the very bits of the
 * processor's own decoder, however rows are moved and set aside.
 */
class BoundDecoderIT {
  private static final int ROWS = 4;

  @TempDir private static Path folder;
  private static Path graph;
  private static BoundDecoder bound;
  private static OnnxDecoder plain;

  @BeforeAll
  static void open() throws Exception {
    Path source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(1));
    graph =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(source, null, ImportProgress.NONE)
            .path()
            .resolve(ModelFolder.GRAPH);
    bound = BoundDecoder.open(graph, config(), TinyLlama.CONTEXT, new Placement.Processor());
    plain = OnnxDecoder.open(graph, config(), TinyLlama.CONTEXT);
  }

  private static EngineConfig config() {
    return EngineConfig.defaults()
        .withProvider(EngineConfig.Provider.CPU)
        .withThreads(1)
        .withMaxRows(ROWS)
        .withCacheBytes(8 << 20)
        .withPrefillChunk(TinyLlama.CONTEXT);
  }

  @AfterAll
  static void close() {
    bound.close();
    plain.close();
  }

  @BeforeEach
  void empty() {
    for (int row = 0; row < ROWS; row++) {
      bound.clear(row);
      plain.clear(row);
    }
  }

  private static int[] tokens(int seed, int count) {
    return new Random(seed).ints(count, 3, 260).toArray();
  }

  /** What is done to both. */
  private interface Work {
    void on(Decoder decoder) throws Exception;
  }

  private static void onBoth(Work work) throws Exception {
    work.on(bound);
    work.on(plain);
  }

  private static void assertSameLogits(int count) {
    float[] actual = new float[bound.vocabulary()];
    float[] expected = new float[plain.vocabulary()];
    for (int index = 0; index < count; index++) {
      bound.logits(index, actual);
      plain.logits(index, expected);
      assertThat(actual).as("logits %d", index).isEqualTo(expected);
    }
  }

  private static void step(int rows, int token) throws Exception {
    int[] next = new int[rows];
    for (int row = 0; row < rows; row++) {
      next[row] = token + row;
    }
    onBoth(decoder -> decoder.decode(rows, next));
    assertSameLogits(rows);
  }

  @Test
  void readsPromptsInChunksAndDecodesRowsTogether() throws Exception {
    for (int row = 0; row < ROWS; row++) {
      int[] prompt = tokens(row, 30 + row);
      int current = row;
      onBoth(decoder -> decoder.prefill(current, prompt, 0, 17, false));
      onBoth(decoder -> decoder.prefill(current, prompt, 17, prompt.length - 17, false));
      assertSameLogits(1);
    }
    for (int token = 20; token < 25; token++) {
      step(ROWS, token);
    }
  }

  @Test
  void keepsTheLogitsOfEveryPositionWhenAsked() throws Exception {
    int[] prompt = tokens(5, 12);
    onBoth(decoder -> decoder.prefill(1, prompt, 0, 12, true));
    assertSameLogits(12);
  }

  @Test
  void movesRows() throws Exception {
    for (int row = 0; row < ROWS; row++) {
      int[] prompt = tokens(10 + row, 20 + 5 * row);
      int current = row;
      onBoth(decoder -> decoder.prefill(current, prompt, 0, prompt.length, false));
    }
    onBoth(decoder -> decoder.copy(ROWS - 1, 1));
    onBoth(decoder -> decoder.clear(ROWS - 1));
    step(ROWS - 1, 40);
    step(2, 50);
  }

  @Test
  void setsBlocksAsideAndTakesThemBack() throws Exception {
    int block = bound.blockTokens();
    assertThat(block).isEqualTo(plain.blockTokens());
    int[] prompt = tokens(20, 2 * block + 3);
    onBoth(decoder -> decoder.prefill(2, prompt, 0, prompt.length, false));
    onBoth(decoder -> decoder.save(2, 0, 1));
    onBoth(decoder -> decoder.save(2, block, 0));
    onBoth(decoder -> decoder.clear(2));
    int[] other = tokens(21, 40);
    onBoth(decoder -> decoder.prefill(2, other, 0, other.length, false));
    onBoth(decoder -> decoder.load(1, 0));
    onBoth(decoder -> decoder.load(0, 0));
    onBoth(decoder -> decoder.prefill(0, prompt, 2 * block, 3, false));
    assertSameLogits(1);
    step(1, 60);
  }

  @Test
  void sharesAPrefixAndForgetsAnEnd() throws Exception {
    int[] prompt = tokens(30, 50);
    onBoth(decoder -> decoder.prefill(0, prompt, 0, 50, false));
    onBoth(decoder -> decoder.share(0, 1, 32));
    onBoth(decoder -> decoder.prefill(1, prompt, 32, 5, false));
    assertSameLogits(1);
    onBoth(decoder -> decoder.truncate(1, 30));
    step(2, 70);
  }

  @Test
  void takesItsMemoryAtOnceAndWithinTheBudget() {
    long budget = config().cacheBytes();
    assertThat(bound.maxTokens() * bound.bytesPerToken()).isBetween(budget / 2, budget);
    long rows = (long) bound.maxRows() * bound.contextLength();
    assertThat(rows + (long) bound.maxBlocks() * bound.blockTokens())
        .isLessThanOrEqualTo(bound.maxTokens());
  }

  @Test
  void saysHowMuchTheShortestRowTakes() {
    assertThatThrownBy(() ->
            BoundDecoder.open(graph, config().withCacheBytes(1000), 256, new Placement.Processor()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("too small for this model");
  }

  @Test
  void takesNoAdapters() {
    assertThatThrownBy(bound::openForAdapters).hasMessageContaining("no places for adapters");
    assertThatThrownBy(() -> bound.adapt(0, 1)).isInstanceOf(IllegalStateException.class);
  }
}
