package dev.postern.runners.importer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.encoder.Encoder;
import dev.postern.runners.encoder.EncoderLimits;
import dev.postern.runners.encoder.EncoderRole;
import dev.postern.runners.encoder.OnnxEncoder;
import dev.postern.runners.encoder.Pooling;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import dev.postern.runners.onnx.WeightFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** ONNX exports in the layouts that people have them in, made of the default embedding model. */
class EncoderImportIT {
  private static DefaultModels.EmbeddingFiles files;

  @TempDir Path folder;

  @BeforeAll
  static void fetch() throws IOException {
    try {
      files = new DefaultModels(DefaultModels.userCache()).embedding(ImportProgress.NONE);
    } catch (ImportException e) {
      throw new TestAbortedException(
          "skipped, the embedding model cannot be had: " + e.getMessage());
    }
  }

  @Test
  void takesAFileWithTheTokenizerBesideIt() throws Exception {
    assertThat(EncoderImport.recognises(files.model())).isTrue();
    var encoder = run(files.model());
    assertThat(encoder.manifest().name()).isEqualTo("all-minilm-l6-v2-q");
    assertThat(encoder.manifest().width()).isEqualTo(384);
    assertThat(encoder.manifest().settings().pooling()).isEqualTo(Pooling.MEAN);
    assertThat(run(files.model()).digest()).isEqualTo(encoder.digest());
  }

  @Test
  void takesAFolderAsOnnxCommunityLaysItOut() throws Exception {
    Path source = exported("bge-like", "{\"model_type\":\"bert\",\"max_position_embeddings\":512}");
    Files.createDirectories(source.resolve("1_Pooling"));
    Files.writeString(source.resolve("1_Pooling/config.json"), "{\"pooling_mode_cls_token\":true}");
    Files.writeString(source.resolve("sentence_bert_config.json"), "{\"max_seq_length\":100}");
    assertThat(EncoderImport.recognises(source)).isTrue();
    assertThat(EncoderImport.recognises(source.resolve("onnx/model.onnx"))).isTrue();
    var encoder = run(source);
    assertThat(encoder.manifest().name()).isEqualTo("bge-like");
    assertThat(encoder.manifest().settings().pooling()).isEqualTo(Pooling.FIRST);
    assertThat(encoder.manifest().settings().maxTokens()).isEqualTo(100);

    float[] first = vector(encoder, "the state of the first token");
    float[] mean = vector(run(files.model()), "the state of the first token");
    assertThat(first).hasSameSizeAs(mean);
    assertThat(first[0]).isNotCloseTo(mean[0], within(1e-3f));
  }

  @Test
  void refusesAGraphThatDoesNotGiveWhatItsConfigurationSays() throws Exception {
    Path classifier =
        exported(
            "classifier",
            "{\"model_type\":\"bert\",\"architectures\":[\"BertForSequenceClassification\"],"
                + "\"id2label\":{\"0\":\"a\",\"1\":\"b\"}}");
    assertThatThrownBy(() -> run(classifier))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining("logits");
    Path broken = exported("broken", "{\"model_type\":\"bert\"}");
    Files.write(broken.resolve("onnx/model.onnx"), new byte[] {8, 9, 10});
    assertThatThrownBy(() -> run(broken))
        .isInstanceOf(ImportException.class)
        .hasMessageContaining("ONNX Runtime");
    Path decoder = exported("decoder", "{\"model_type\":\"llama\"}");
    assertThat(EncoderImport.recognises(decoder)).isFalse();
    assertThat(EncoderImport.recognises(decoder.resolve("onnx/model.onnx"))).isFalse();
  }

  @Test
  void refusesAGraphWhoseOutputsItCannotTellApartOrRead() throws Exception {
    Path source = exported("odd", "{\"model_type\":\"bert\"}");
    try (var weights = new WeightFile(folder.resolve("none.bin"))) {
      var graph = new OnnxGraph("odd", weights);
      graph.input("input_ids", TensorType.INT64, "batch", "sequence");
      graph.output(
          graph.op("Identity", List.of("input_ids"), "same"),
          TensorType.INT64,
          "batch",
          "sequence");
      graph.write(source.resolve("onnx/model.onnx"));
      assertThatThrownBy(() -> run(source))
          .isInstanceOf(ImportException.class)
          .hasMessageContaining("unexpected shape or type");
      graph.output(
          graph.op("Neg", List.of("input_ids"), "less"), TensorType.INT64, "batch", "sequence");
      graph.write(source.resolve("onnx/model.onnx"));
      assertThatThrownBy(() -> run(source))
          .isInstanceOf(ImportException.class)
          .hasMessageContaining("of which none is called sentence_embedding");
    }
  }

  @Test
  void cutsALongDocumentAndRefusesALongQuery() throws Exception {
    var imported = run(files.model());
    try (var encoder =
        OnnxEncoder.open(
            imported.path(), imported.manifest().settings(), EncoderLimits.defaults())) {
      assertThat(imported.manifest().settings().role()).isEqualTo(EncoderRole.EMBEDDING);
      Encoder.Input whole = encoder.pair("a query", "a short document", 1000);
      assertThat(whole.ids()).hasSize(1 + 2 + 1 + 3 + 1);
      assertThat(whole.segments()).containsExactly(0, 0, 0, 0, 1, 1, 1, 1);
      Encoder.Input cut = encoder.pair("a query", "a short document", 2);
      assertThat(cut.ids()).hasSize(7);
      assertThat(cut.ids()[6]).isEqualTo(whole.ids()[7]);
      assertThat(encoder.pair("a query", "word ".repeat(60_000), 9999).ids()).hasSize(512);
      assertThatThrownBy(() -> encoder.pair("word ".repeat(600), "d", 10))
          .hasMessageContaining("no room");
    }
  }

  private EncoderFolder run(Path source) throws IOException {
    return new EncoderImport(folder.resolve("cache")).run(source, ImportProgress.NONE);
  }

  private Path exported(String name, String config) throws IOException {
    Path source = folder.resolve(name);
    Files.createDirectories(source.resolve("onnx"));
    Files.copy(files.model(), source.resolve("onnx/model.onnx"));
    Files.copy(files.tokenizer(), source.resolve("tokenizer.json"));
    Files.writeString(source.resolve("config.json"), config);
    return source;
  }

  private static float[] vector(EncoderFolder model, String text) throws Exception {
    try (var encoder =
        OnnxEncoder.open(model.path(), model.manifest().settings(), EncoderLimits.defaults())) {
      return encoder
          .encode(List.of(encoder.text(text, "input")))
          .get(30, TimeUnit.SECONDS)
          .values()
          .getFirst();
    }
  }
}
