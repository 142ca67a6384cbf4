package dev.postern.runners.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyFamily;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.opentest4j.TestAbortedException;

/**
 * Ids on a corpus of many languages, against those of llama.cpp, sentencepiece and Hugging Face's
 * tokenizers. {@code ops/reference/token_ids.py} wrote the resources.
 */
class ReferenceIdsIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path RESOURCES = Path.of("src/test/resources/tokenizers");

  private static List<String> corpus;
  private static Map<String, List<int[]>> references;

  @TempDir Path folder;

  @BeforeAll
  static void read() throws IOException {
    corpus = List.of(JSON.readValue(RESOURCES.resolve("corpus.json").toFile(), String[].class));
    references = new HashMap<>();
    JSON.readTree(RESOURCES.resolve("ids.json").toFile())
        .properties()
        .forEach(entry ->
            references.put(
                entry.getKey(), List.of(JSON.convertValue(entry.getValue(), int[][].class))));
  }

  @ParameterizedTest
  @CsvSource({"gpt-2", "smollm", "llama-bpe", "qwen2"})
  void mergesBytesAsLlamaCppDoes(String name) throws IOException {
    JsonNode source = JSON.readTree(RESOURCES.resolve("bytelevel.json").toFile());
    List<String> pieces = List.of(JSON.convertValue(source.path("tokens"), String[].class));
    List<String> merges = List.of(JSON.convertValue(source.path("merges"), String[].class));
    var kinds = new ArrayList<>(Collections.nCopies(pieces.size(), Kind.NORMAL));
    source.path("control").forEach(id -> kinds.set(id.intValue(), Kind.CONTROL));
    var rule = PreTokenizer.named(name).orElseThrow();
    try (var tokenizer =
        written(new Vocabulary(pieces, kinds, new Vocabulary.ByteLevel(rule, merges)))) {
      requireIds(tokenizer, "bytelevel " + name, false);
      requireBytes(tokenizer, rule.composed() ? ReferenceIdsIT::composed : text -> text);
    }
  }

  @Test
  void mergesPiecesAsSentencePieceDoes() throws IOException {
    try (var tokenizer = written(SentencePieceModel.read(RESOURCES.resolve("bpe.model")))) {
      requireIds(tokenizer, "bpe.model", false);
      // A blank comes first, and SentencePiece cannot tell its mark from a blank.
      requireBytes(tokenizer, text -> (text.isEmpty() ? "" : " " + text).replace('▁', ' '));
    }
  }

  @Test
  void mergesPiecesAsLlamaCppDoes() throws IOException {
    var model = SentencePieceModel.read(RESOURCES.resolve("bpe.model"));
    var style = (Vocabulary.SentencePiece) model.style();
    try (var tokenizer =
        written(
            new Vocabulary(
                model.pieces(),
                model.kinds(),
                Vocabulary.SentencePiece.merging(style.scores(), true)))) {
      requireIds(tokenizer, "bpe gguf", false);
    }
  }

  @Test
  void importsAModelThatHasOnlyATokenizerModel() throws IOException {
    Path source = TinyFamily.read("llama2").write(folder.resolve("source"));
    Files.delete(source.resolve("tokenizer.json"));
    Files.copy(RESOURCES.resolve("bpe.model"), source.resolve("tokenizer.model"));
    var model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(source, null, ImportProgress.NONE);
    assertThat(model.manifest().tokens().begins()).isTrue();
    assertThat(model.manifest().tokens().beginning()).isEqualTo(1);
    try (var tokenizer = open(model.path().resolve("tokenizer.json"))) {
      requireIds(tokenizer, "bpe.model", false);
    }
  }

  @Test
  void choosesPiecesAsSentencePieceDoes() throws IOException {
    try (var tokenizer = written(SentencePieceModel.read(RESOURCES.resolve("unigram.model")))) {
      requireIds(tokenizer, "unigram.model", false);
    }
  }

  @Test
  void cutsWordsIntoPiecesAsBertDoes() throws IOException {
    try (var tokenizer = open(RESOURCES.resolve("wordpiece.json"))) {
      requireIds(tokenizer, "wordpiece.json", true);
    }
  }

  @Test
  void cutsThemSoByAPlainListOfPiecesToo() throws IOException {
    var pieces = JSON.readTree(RESOURCES.resolve("wordpiece.json").toFile()).at("/model/vocab");
    var lines = new String[pieces.size()];
    pieces.properties().forEach(piece -> lines[piece.getValue().intValue()] = piece.getKey());
    Path list = Files.write(folder.resolve("vocab.txt"), List.of(lines));
    try (var tokenizer = written(WordPieceFile.read(list, JSON.createObjectNode()))) {
      requireIds(tokenizer, "wordpiece.json", true);
    }
  }

  @Test
  void refusesAListOfPiecesThatIsNone() throws IOException {
    Path list = folder.resolve("vocab.txt");
    for (var lines :
        List.of(
            List.of("[CLS]", "[SEP]", "a"),
            List.of("[CLS]", "[SEP]", "[UNK]", "a", "a"),
            List.of("[CLS]", "", "[SEP]", "[UNK]"),
            List.of("[CLS]", "[SEP]", "[UNK]", "a".repeat(5000)))) {
      Files.write(list, lines);
      assertThatThrownBy(() -> WordPieceFile.read(list, JSON.createObjectNode()))
          .isInstanceOf(UnsoundTokenizerException.class);
    }
    Files.write(list, new byte[] {(byte) 0xff, (byte) 0xfe, '\n'});
    assertThatThrownBy(() -> WordPieceFile.read(list, JSON.createObjectNode()))
        .isInstanceOf(UnsoundTokenizerException.class)
        .hasMessageContaining("UTF-8");
  }

  @Test
  void readsTheDefaultModelsTokenizersAsTheReferencesDo() throws IOException {
    Path minilm;
    Path smollm2;
    try {
      var models = new DefaultModels(DefaultModels.userCache());
      minilm = models.embedding(ImportProgress.NONE).tokenizer();
      smollm2 = models.chat(new BlockInt8Format(), ImportProgress.NONE).path();
    } catch (ImportException e) {
      throw new TestAbortedException("skipped, the models cannot be had: " + e.getMessage());
    }
    try (var tokenizer = open(minilm)) {
      requireIds(tokenizer, "minilm", true);
    }
    try (var tokenizer = open(smollm2.resolve("tokenizer.json"))) {
      requireIds(tokenizer, "smollm2", false);
      requireBytes(tokenizer, text -> text);
    }
  }

  private ModelTokenizer written(Vocabulary vocabulary) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    TokenizerJson.write(vocabulary, file);
    return open(file);
  }

  private static ModelTokenizer open(Path file) throws IOException {
    return ModelTokenizer.open(file, Optional.empty(), Set.of());
  }

  private static void requireIds(ModelTokenizer tokenizer, String name, boolean control) {
    List<int[]> expected = Objects.requireNonNull(references.get(name));
    assertThat(expected).hasSameSizeAs(corpus);
    for (int line = 0; line < corpus.size(); line++) {
      assertThat(tokenizer.encode(corpus.get(line), control))
          .as("%s, line %d: %s", name, line, corpus.get(line))
          .isEqualTo(expected.get(line));
    }
  }

  private static String composed(String text) {
    return Normalizer.normalize(text, Normalizer.Form.NFC);
  }

  /** What the tokens stand for, one after the other, is the text. */
  private static void requireBytes(ModelTokenizer tokenizer, UnaryOperator<String> kept) {
    for (var text : corpus) {
      var bytes = new ByteArrayOutputStream();
      for (int id : tokenizer.encode(text, false)) {
        bytes.writeBytes(tokenizer.bytes(id));
      }
      assertThat(bytes.toString(StandardCharsets.UTF_8)).isEqualTo(kept.apply(text));
    }
  }
}
