package dev.postern.runners.tokenizer;

import static dev.postern.runners.tokenizer.TokenizerFile.require;

import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.runners.tokenizer.Vocabulary.Kind;
import dev.postern.runners.tokenizer.Vocabulary.WordPiece;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads a {@code vocab.txt}, as BERT's first tokenizers kept it: a piece a line, by id. */
public final class WordPieceFile {
  private static final long MAX_BYTES = 16 << 20;
  private static final int MAX_PIECE = 1024;

  /** The keys by which tokenizer_config.json names control tokens, and BERT's names for them. */
  private static final Map<String, String> CONTROL =
      new TreeMap<>(
          Map.of(
              "pad_token", "[PAD]",
              "unk_token", "[UNK]",
              "cls_token", "[CLS]",
              "sep_token", "[SEP]",
              "mask_token", "[MASK]"));

  private WordPieceFile() {}

  /**
   * @param settings what is in tokenizer_config.json; an empty object where there is none
   * @throws UnsoundTokenizerException when it is no such vocabulary
   */
  public static Vocabulary read(Path file, JsonNode settings) throws IOException {
    require(Files.size(file) <= MAX_BYTES, "it has more than %d bytes".formatted(MAX_BYTES));
    List<String> pieces = lines(file);
    Map<String, Integer> ids = new TreeMap<>();
    for (String piece : pieces) {
      require(!piece.isEmpty(), "line %d is empty".formatted(ids.size() + 1));
      require(piece.length() <= MAX_PIECE, "line %d is too long".formatted(ids.size() + 1));
      require(ids.put(piece, ids.size()) == null, "it has a piece twice");
    }
    Map<String, String> control =
        CONTROL.entrySet().stream()
            .collect(
                Collectors.toMap(
                    Map.Entry::getKey,
                    entry -> text(settings.path(entry.getKey()), entry.getValue())));
    Set<String> silent = Set.copyOf(control.values());
    return new Vocabulary(
        pieces,
        pieces.stream().map(piece -> silent.contains(piece) ? Kind.CONTROL : Kind.NORMAL).toList(),
        new WordPiece(
            settings.path("do_lower_case").asBoolean(true),
            flag(settings.path("strip_accents")),
            settings.path("tokenize_chinese_chars").asBoolean(true),
            id(ids, control, "cls_token"),
            id(ids, control, "sep_token"),
            id(ids, control, "unk_token")));
  }

  private static int id(Map<String, Integer> ids, Map<String, String> control, String token)
      throws UnsoundTokenizerException {
    Integer id = ids.get(control.getOrDefault(token, ""));
    require(id != null, "it lacks the %s".formatted(token));
    return Objects.requireNonNull(id);
  }

  private static List<String> lines(Path file) throws IOException {
    try {
      var lines = new ArrayList<String>();
      for (String line : Files.readString(file, StandardCharsets.UTF_8).split("\n")) {
        lines.add(line.endsWith("\r") ? line.substring(0, line.length() - 1) : line);
      }
      return lines;
    } catch (CharacterCodingException e) {
      throw TokenizerFile.unsound("it is not in UTF-8");
    }
  }

  private static String text(JsonNode token, String otherwise) {
    return token.isObject() ? token.path("content").asText(otherwise) : token.asText(otherwise);
  }

  private static @Nullable Boolean flag(JsonNode value) {
    return value.isBoolean() ? value.booleanValue() : null;
  }
}
