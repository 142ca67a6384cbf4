package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a row computes does not depend on the rows beside it, to the last bit. */
class RowIndependenceIT {
  private static final int MOST_ROWS = 16;
  private static final int STEPS = 4;

  @TempDir private static Path folder;
  private static OnnxDecoder decoder;

  @BeforeAll
  static void open() throws Exception {
    Path source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(1));
    Path model =
        new ModelImport(folder.resolve("cache"), new RowInt8Format())
            .run(source, null, ImportProgress.NONE)
            .path();
    EngineConfig config =
        EngineConfig.defaults()
            .withProvider(EngineConfig.Provider.CPU)
            .withMaxRows(MOST_ROWS)
            .withPrefillChunk(64);
    decoder = OnnxDecoder.open(model.resolve(ModelFolder.GRAPH), config, TinyLlama.CONTEXT);
  }

  @AfterAll
  static void close() {
    decoder.close();
  }

  private static int[] tokens(int row) {
    return new Random(row).ints(20 + row, 3, 260).toArray();
  }

  /** The logits of a row's steps, which come after its prompt. */
  private static float[][] steps(int firstRow, int rows, int wanted) throws Exception {
    for (int row = 0; row < rows; row++) {
      int[] prompt = tokens(firstRow + row);
      decoder.clear(row);
      decoder.prefill(row, prompt, 0, prompt.length, false);
    }
    float[][] logits = new float[STEPS][decoder.vocabulary()];
    int[] next = new int[rows];
    for (int step = 0; step < STEPS; step++) {
      for (int row = 0; row < rows; row++) {
        next[row] = 10 + 7 * (firstRow + row) + step;
      }
      decoder.decode(rows, next);
      decoder.logits(wanted, logits[step]);
    }
    return logits;
  }

  @Test
  void aRowIsTheSameAmongAnyNumberOfRows() throws Exception {
    float[][] alone = steps(0, 1, 0);
    for (int rows = 2; rows <= MOST_ROWS; rows++) {
      assertThat(steps(0, rows, 0)).as("%d rows", rows).isDeepEqualTo(alone);
    }
  }

  @Test
  void aRowIsTheSameAtAnyPlace() throws Exception {
    for (int place = 1; place < MOST_ROWS; place++) {
      assertThat(steps(0, MOST_ROWS, place))
          .as("place %d", place)
          .isDeepEqualTo(steps(place, 1, 0));
    }
  }

  @Test
  void aPromptIsTheSameWhileOthersRun() throws Exception {
    int[] prompt = new Random(99).ints(150, 3, 260).toArray();
    float[] alone = new float[decoder.vocabulary()];
    float[] among = new float[decoder.vocabulary()];
    decoder.clear(0);
    for (int from = 0; from < prompt.length; from += 50) {
      decoder.prefill(0, prompt, from, 50, false);
    }
    decoder.logits(0, alone);
    steps(0, 5, 0);
    decoder.clear(5);
    for (int from = 0; from < prompt.length; from += 50) {
      decoder.prefill(5, prompt, from, 50, false);
      decoder.logits(0, among);
      if (from < 100) {
        decoder.decode(5, new int[] {3, 4, 5, 6, 7});
      }
    }
    assertThat(among).isEqualTo(alone);
  }

  private static float[] logitsOfPromptIn(int[] prompt, int... chunks) throws Exception {
    decoder.clear(0);
    int from = 0;
    for (int chunk : chunks) {
      decoder.prefill(0, prompt, from, chunk, false);
      from += chunk;
    }
    assertThat(from).isEqualTo(prompt.length);
    float[] logits = new float[decoder.vocabulary()];
    decoder.logits(0, logits);
    return logits;
  }

  @Test
  void aPromptIsTheSameInAnyChunksOfSeveralTokens() throws Exception {
    int[] prompt = tokens(12);
    float[] whole = logitsOfPromptIn(prompt, 32);
    assertThat(logitsOfPromptIn(prompt, 16, 16)).isEqualTo(whole);
    assertThat(logitsOfPromptIn(prompt, 2, 3, 27)).isEqualTo(whole);
    assertThat(logitsOfPromptIn(prompt, 13, 17, 2)).isEqualTo(whole);
  }
}
