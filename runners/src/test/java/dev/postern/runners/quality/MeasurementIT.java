package dev.postern.runners.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class MeasurementIT {
  private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");

  @TempDir private static Path folder;
  private static Path cache;
  private static Path source;
  private static ModelFolder model;

  @BeforeAll
  static void importTiny() throws Exception {
    cache = folder.resolve("cache");
    source = folder.resolve("tiny.gguf");
    Files.write(source, TinyLlama.gguf(5));
    model = new ModelImport(cache, new BlockInt8Format()).run(source, null, ImportProgress.NONE);
  }

  private static EvaluationTexts texts(String... texts) throws Exception {
    Path file = Files.writeString(folder.resolve("texts"), String.join("\n%%\n", texts));
    return EvaluationTexts.read(file);
  }

  @Test
  void measuresAFormatAndKeepsItsRowBesideTheFolder() throws Exception {
    List<Double> shares = new ArrayList<>();
    try (var bench = Workbench.open(cache, source, StudyProgress.NONE)) {
      var row =
          new Measurement(bench.floats(), texts("hello all", "well, hello"), () -> NOW)
              .of(model, shares::add);
      assertThat(row.format()).isEqualTo(model.manifest().weights());
      assertThat(row.bytes()).isEqualTo(model.manifest().bytes());
      assertThat(row.divergence()).isBetween(1e-9, 0.05);
      assertThat(row.perplexityChange()).isCloseTo(0, within(0.1));
      assertThat(row.agreement()).isGreaterThan(0.8);
      assertThat(row.speed()).isPositive();
      assertThat(row.speedOfEight()).isPositive();
      assertThat(shares).containsExactly(0.5, 1.0);
      QualityRows.keep(model, row);
      assertThat(QualityRows.of(model)).contains(row);
      assertThat(StoredFormats.of(cache, model).formats())
          .singleElement()
          .satisfies(format -> assertThat(format.row()).contains(row));
    }
    assertThat(cache.resolve("workbench")).doesNotExist();
  }

  @Test
  void theFloatsAreNoDistanceFromThemselves() throws Exception {
    try (var bench = Workbench.open(cache, source, StudyProgress.NONE)) {
      var row =
          new Measurement(bench.floats(), texts("hello all"), () -> NOW)
              .of(bench.floats(), share -> {});
      assertThat(row.divergence()).isLessThan(1e-9);
      assertThat(row.agreement()).isEqualTo(1);
      assertThat(row.faithful()).isTrue();
    }
  }

  @Test
  void oneWorksAtATimeAndWhatAKilledOneLeftGoes() throws Exception {
    Path left = cache.resolve("workbench").resolve("models").resolve("half");
    Files.createDirectories(left);
    Files.writeString(left.resolve("weights.bin"), "cut short");
    try (var bench = Workbench.open(cache, source, StudyProgress.NONE)) {
      assertThat(left).doesNotExist();
      assertThat(bench.floats().manifest().weights()).isEqualTo("f32");
      assertThatThrownBy(() -> Workbench.open(cache, source, StudyProgress.NONE))
          .isInstanceOf(Workbench.Taken.class);
    }
  }

  @Test
  void theOwnTextsAreManyAndTextsOfNothingAreRefused() throws Exception {
    assertThat(EvaluationTexts.own().texts()).hasSizeGreaterThanOrEqualTo(24);
    assertThatThrownBy(() -> texts(" ")).isInstanceOf(IllegalArgumentException.class);
    Path large = Files.write(folder.resolve("large"), new byte[(1 << 20) + 1]);
    assertThatThrownBy(() -> EvaluationTexts.read(large))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void theFactsOfAModelAddUp() throws Exception {
    var facts = ModelFacts.of(model);
    assertThat(facts.parts().stream().mapToLong(ModelFacts.Part::parameters).sum())
        .isEqualTo(facts.parameters());
    assertThat(facts.parts()).allMatch(part -> part.parameters() >= 0);
    assertThat(facts.tokenizer()).isEqualTo("byte-level BPE");
    assertThat(facts.vocabulary()).isEqualTo(TinyLlama.vocabulary().size());
    assertThat(facts.templated()).isTrue();
    assertThat(facts.licence()).isEqualTo("apache-2.0");
  }
}
