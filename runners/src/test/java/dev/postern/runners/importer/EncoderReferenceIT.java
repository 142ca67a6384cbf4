package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.encoder.EncoderLimits;
import dev.postern.runners.encoder.EncoderRole;
import dev.postern.runners.encoder.OnnxEncoder;
import dev.postern.runners.testing.SafetensorsWriter;
import dev.postern.runners.testing.TinyFamily;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Encoders of each family, imported from safetensors, against Hugging Face's own implementation.
 * {@code ops/reference/encoders.py} wrote the fixtures.
 */
class EncoderReferenceIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path RESOURCES = Path.of("src/test/resources");

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "bert, EMBEDDING",
    "bert-classifier, CLASSIFIER",
    "xlm-roberta-reranker, RERANKER",
    "distilbert-classifier, CLASSIFIER",
    "modernbert, EMBEDDING",
    "modernbert-reranker, RERANKER",
  })
  void isWhatTheReferenceComputes(String name, EncoderRole role) throws Exception {
    JsonNode fixture = fixture(name);
    var imported =
        new EncoderImport(folder.resolve("cache")).run(write(fixture), ImportProgress.NONE);
    assertThat(imported.manifest().settings().role()).isEqualTo(role);
    try (var encoder =
        OnnxEncoder.open(
            imported.path(), imported.manifest().settings(), EncoderLimits.defaults())) {
      var inputs = new ArrayList<Encoder.Input>();
      for (JsonNode ids : fixture.path("inputs")) {
        int[] tokens = JSON.convertValue(ids, int[].class);
        inputs.add(new Encoder.Input(tokens, new int[tokens.length]));
      }
      // Both in one batch, the shorter padded.
      List<float[]> rows = encoder.encode(inputs).get(30, TimeUnit.SECONDS).values();
      for (int row = 0; row < rows.size(); row++) {
        float[] expected = JSON.convertValue(fixture.path("outputs").get(row), float[].class);
        assertThat(rows.get(row)).containsExactly(expected, within(1e-4f));
      }
    }
  }

  @Test
  void putsShardsTogetherAndMakesATokenizerOfAListOfPieces() throws Exception {
    JsonNode fixture = fixture("bert");
    Path source = write(fixture);
    var imports = new EncoderImport(folder.resolve("cache"));
    var whole = imports.run(source, ImportProgress.NONE);

    Files.delete(source.resolve("model.safetensors"));
    var shards = List.of(new SafetensorsWriter(), new SafetensorsWriter());
    var index = JSON.createObjectNode();
    var map = index.putObject("weight_map");
    for (var tensor : fixture.path("tensors").properties()) {
      int shard = map.size() % 2;
      long[] shape = JSON.convertValue(tensor.getValue(), long[].class);
      shards.get(shard).floats(tensor.getKey(), values(tensor.getKey(), shape), shape);
      map.put(tensor.getKey(), "model-%d-of-2.safetensors".formatted(shard + 1));
    }
    for (int shard = 0; shard < 2; shard++) {
      Files.write(
          source.resolve("model-%d-of-2.safetensors".formatted(shard + 1)),
          shards.get(shard).bytes());
    }
    Files.writeString(source.resolve("model.safetensors.index.json"), index.toString());
    var pieces = JSON.readTree(source.resolve("tokenizer.json").toFile()).at("/model/vocab");
    var lines = new String[pieces.size()];
    pieces.properties().forEach(piece -> lines[piece.getValue().intValue()] = piece.getKey());
    Files.delete(source.resolve("tokenizer.json"));
    Files.write(source.resolve("vocab.txt"), List.of(lines));

    var parted = imports.run(source, ImportProgress.NONE);
    assertThat(parted.manifest().files().get(ModelFolder.WEIGHTS))
        .isEqualTo(whole.manifest().files().get(ModelFolder.WEIGHTS));
    String text = "Two Wörds, and some more";
    assertThat(framed(parted, text)).isEqualTo(framed(whole, text));
  }

  private static int[] framed(EncoderFolder imported, String text) throws Exception {
    try (var encoder =
        OnnxEncoder.open(
            imported.path(), imported.manifest().settings(), EncoderLimits.defaults())) {
      return encoder.text(text, "input").ids();
    }
  }

  @Test
  void saysWhatItDoesNotKnowOrCannotFind() throws Exception {
    Path strange = write(fixture("bert"));
    Files.writeString(
        strange.resolve("config.json"),
        Files.readString(strange.resolve("config.json")).replace("\"bert\"", "\"deberta\""));
    var imports = new EncoderImport(folder.resolve("cache"));
    assertThatThrownBy(() -> imports.run(strange, ImportProgress.NONE))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining("deberta");

    Path partial = write(fixture("bert"));
    Files.write(
        partial.resolve("model.safetensors"),
        new SafetensorsWriter()
            .floats("embeddings.word_embeddings.weight", new float[2], 1, 2)
            .bytes());
    assertThatThrownBy(() -> imports.run(partial, ImportProgress.NONE))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining("dimensions");
    try (var left = Files.list(folder.resolve("cache/models"))) {
      assertThat(left).isEmpty();
    }
  }

  static JsonNode fixture(String name) throws IOException {
    return JSON.readTree(RESOURCES.resolve("encoders").resolve(name + ".json").toFile());
  }

  private Path write(JsonNode fixture) throws IOException {
    return write(folder, fixture);
  }

  static Path write(Path folder, JsonNode fixture) throws IOException {
    Path source = Files.createTempDirectory(folder, "model");
    Files.writeString(source.resolve("config.json"), fixture.path("config").toString());
    Files.copy(RESOURCES.resolve("tokenizers/wordpiece.json"), source.resolve("tokenizer.json"));
    var weights = new SafetensorsWriter();
    fixture
        .path("tensors")
        .properties()
        .forEach(entry -> {
          long[] shape = JSON.convertValue(entry.getValue(), long[].class);
          weights.floats(entry.getKey(), values(entry.getKey(), shape), shape);
        });
    Files.write(source.resolve("model.safetensors"), weights.bytes());
    return source;
  }

  private static float[] values(String name, long[] shape) {
    int count = (int) (shape.length == 1 ? shape[0] : shape[0] * shape[1]);
    float[] values = TinyFamily.uniform(name, count);
    for (int i = 0; i < count; i++) {
      values[i] =
          shape.length > 1
              ? values[i] * 4 / (float) Math.sqrt(shape[1])
              : values[i] * 0.5f + (name.endsWith("orm.weight") ? 1 : 0);
    }
    return values;
  }
}
