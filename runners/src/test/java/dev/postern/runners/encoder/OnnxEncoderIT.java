package dev.postern.runners.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.wire.BadRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opentest4j.TestAbortedException;

class OnnxEncoderIT {
  private static Path folder;
  private static OnnxEncoder encoder;

  @BeforeAll
  static void open() throws Exception {
    try {
      var files = new DefaultModels(DefaultModels.userCache()).embedding(ImportProgress.NONE);
      folder = Objects.requireNonNull(files.model().toAbsolutePath().getParent());
    } catch (ImportException e) {
      throw new TestAbortedException(
          "skipped, the embedding model cannot be had: " + e.getMessage());
    }
    encoder = OnnxEncoder.open(folder, EncoderSettings.read(folder), EncoderLimits.defaults());
  }

  @AfterAll
  static void close() {
    if (encoder != null) {
      encoder.close();
    }
  }

  @Test
  void placesLikeTextsCloseTogether() throws Exception {
    var vectors =
        vectors(
            null,
            "A man is eating food.",
            "A man is eating a piece of bread.",
            "The girl is carrying a baby.");
    for (var vector : vectors) {
      assertThat(vector).hasSize(encoder.width());
      assertThat(dot(vector, vector)).isCloseTo(1, within(1e-5));
    }
    assertThat(dot(vectors.get(0), vectors.get(1))).isGreaterThan(0.6);
    assertThat(dot(vectors.get(0), vectors.get(2))).isLessThan(0.3);
  }

  @Test
  void keepsTheOrderOverBatchesOfDifferentLength() throws Exception {
    var texts = new ArrayList<String>();
    for (int i = 0; i < 70; i++) {
      texts.add("word ".repeat(1 + (i * 37) % 60) + i);
    }
    var together = vectors(null, texts.toArray(String[]::new));
    for (int i : List.of(0, 1, 33, 69)) {
      var alone = vectors(null, texts.get(i)).getFirst();
      assertThat(dot(together.get(i), alone)).as("input %d", i).isGreaterThan(0.98);
    }
  }

  @Test
  void shortensToUnitLength() throws Exception {
    var whole = vectors(null, "shorten me").getFirst();
    var shorter = vectors(10, "shorten me").getFirst();
    assertThat(shorter).hasSize(10);
    assertThat(dot(shorter, shorter)).isCloseTo(1, within(1e-5));
    assertThat(shorter[3] / shorter[0]).isCloseTo(whole[3] / whole[0], within(1e-3f));
  }

  @Test
  void readsLongTextsToTheModelsLimitAndNoFurther() throws Exception {
    assertThat(encoder.text("word ".repeat(510), "input[0]").ids()).hasSize(512);
    for (var text : List.of("word ".repeat(511), "x ".repeat(100_000))) {
      var refusal = catchThrowableOfType(BadRequest.class, () -> encoder.text(text, "input[4]"));
      assertThat(refusal.code()).isEqualTo("context_length_exceeded");
      assertThat(refusal.param()).isEqualTo("input[4]");
      assertThat(refusal).hasMessageContaining("512");
    }
  }

  @Test
  void takesTokenIdsWithOrWithoutTheirFrame() throws Exception {
    var framed = encoder.text("hello world", "input[0]").ids();
    var bare = new int[] {framed[1], framed[2]};
    assertThat(encoder.framed(bare, "input[0]").ids()).isEqualTo(framed);
    assertThat(encoder.framed(framed, "input[0]").ids()).isEqualTo(framed);
    assertThatThrownBy(() -> encoder.framed(new int[] {30_522}, "input[0]"))
        .isInstanceOf(BadRequest.class)
        .hasMessageContaining("30522");
  }

  @Test
  void refusesWhatItsQueueHasNoRoomForAndFailsWhatWaitsWhenClosed() throws Exception {
    var small =
        OnnxEncoder.open(
            folder, EncoderSettings.read(folder), new EncoderLimits(1, 40_000, 2048, 32));
    var input = small.text("word ".repeat(500), "input[0]");
    var running = small.encode(Collections.nCopies(75, input));
    assertThatThrownBy(() -> small.encode(Collections.nCopies(10, input)))
        .isInstanceOfSatisfying(
            RunnerException.class,
            e -> assertThat(e.failure()).isInstanceOf(RunnerFailure.Overloaded.class));
    small.close();
    assertThatThrownBy(() -> running.get(20, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasCauseInstanceOf(RunnerException.class);
  }

  private static List<float[]> vectors(@Nullable Integer dimensions, String... texts)
      throws Exception {
    var inputs = new ArrayList<Encoder.Input>();
    for (var text : texts) {
      inputs.add(encoder.text(text, "input"));
    }
    return encoder.encode(inputs).get(60, TimeUnit.SECONDS).values().stream()
        .map(row -> Vectors.shorten(row, dimensions))
        .toList();
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
