package dev.postern.runners.tokenizer;

import com.fasterxml.jackson.core.JsonEncoding;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import org.jspecify.annotations.Nullable;

/**
 * A tokenizer.json that was read to its end and found harmless. The native library that works with
 * such files panics, which ends the process, on some that it should refuse; so no file gets there
 * but through here. Vocabularies are read as they stream by: the largest have more entries than a
 * runner's heap could hold as a tree.
 */
public final class TokenizerFile {
  private static final long MAX_BYTES = 128L << 20;
  private static final int MAX_TOKENS = 2_000_000;
  private static final int MAX_MERGES = 4_000_000;
  private static final int MAX_PIECE = 4096;

  static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder()
              .streamReadConstraints(
                  StreamReadConstraints.builder()
                      .maxNestingDepth(32)
                      .maxStringLength(8 << 20)
                      .maxNameLength(MAX_PIECE)
                      .maxNumberLength(64)
                      .maxDocumentLength(MAX_BYTES)
                      .build())
              .build());

  private final Path path;
  private @Nullable String[] pieces = {};
  private final BitSet control = new BitSet();
  private final BitSet verbatim = new BitSet();
  private final ObjectNode parts = JsonNodeFactory.instance.objectNode();
  private final ObjectNode model = JsonNodeFactory.instance.objectNode();
  private boolean hasVocabulary;
  private int largest = -1;

  private TokenizerFile(Path path) {
    this.path = path;
  }

  /**
   * @throws UnsoundTokenizerException when it is not a tokenizer.json, or one that asks for
   *     something that is not supported
   */
  public static TokenizerFile read(Path path) throws IOException {
    if (Files.size(path) > MAX_BYTES) {
      throw unsound("it has more than %d bytes".formatted(MAX_BYTES));
    }
    var file = new TokenizerFile(path);
    try (var json = JSON.createParser(path.toFile())) {
      file.read(json);
    } catch (JsonProcessingException e) {
      throw unsound("it is not the JSON it should be, at " + place(e));
    }
    TokenizerParts.check(file.parts, file.model, file.pieces.length);
    return file;
  }

  Path path() {
    return path;
  }

  /** One more than the largest id. */
  public int size() {
    return pieces.length;
  }

  /** The piece of a token; one of its own for an id that has none, as a padded vocabulary's. */
  String piece(int id) {
    var piece = id < pieces.length ? pieces[id] : null;
    return piece == null ? "<unused-%d>".formatted(id) : piece;
  }

  /** Tokens that are spelled out in texts by their makers only. */
  BitSet control() {
    return control;
  }

  /** Whether a token is never text. */
  boolean silent(int id) {
    return control.get(id) || id >= pieces.length || pieces[id] == null;
  }

  /** Added tokens that are text as they are spelled. */
  BitSet verbatim() {
    return verbatim;
  }

  /** Whether pieces spell bytes by {@link ByteAlphabet}; SentencePiece's spelling otherwise. */
  boolean byteLevel() {
    return TokenizerParts.types(parts.path("pre_tokenizer")).contains("ByteLevel")
        || TokenizerParts.types(parts.path("normalizer")).contains("ByteLevel");
  }

  /** Writes it without its control tokens. */
  void writeWithoutControl(Path target) throws IOException {
    try (var json = JSON.createParser(path.toFile());
        var out = JSON.createGenerator(target.toFile(), JsonEncoding.UTF8)) {
      json.nextToken();
      out.writeStartObject();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        var name = json.currentName();
        json.nextToken();
        out.writeFieldName(name);
        if (name.equals("added_tokens")) {
          out.writeStartArray();
          for (var token : parts.path(name)) {
            if (!token.path("special").booleanValue()) {
              out.writeTree(token);
            }
          }
          out.writeEndArray();
          json.skipChildren();
        } else {
          out.copyCurrentStructure(json);
        }
      }
      out.writeEndObject();
    }
  }

  private void read(JsonParser json) throws IOException {
    require(json.nextToken() == JsonToken.START_OBJECT, "it is not a JSON object");
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      var name = json.currentName();
      json.nextToken();
      switch (name) {
        case "model" -> model(json);
        case "added_tokens", "normalizer", "pre_tokenizer", "post_processor" ->
            once(parts, name, small(json, name));
        // Not used: lengths are ours to watch, and the vocabulary gives the bytes.
        case "version", "truncation", "padding", "decoder" -> json.skipChildren();
        default -> throw unsound("it has a part '%s', which is not known".formatted(cut(name)));
      }
    }
    require(json.nextToken() == null, "something follows its end");
    require(hasVocabulary, "it has no vocabulary");
    added();
  }

  private static void once(ObjectNode into, String name, JsonNode value) throws IOException {
    require(!into.has(name), "it says '%s' twice".formatted(cut(name)));
    into.set(name, value);
  }

  /** A part that is small by its nature: rules, and tokens that were added. */
  private static JsonNode small(JsonParser json, String name) throws IOException {
    long start = json.currentLocation().getByteOffset();
    JsonNode tree = JSON.readTree(json);
    require(
        json.currentLocation().getByteOffset() - start <= 16 << 20,
        "its '%s' is too large".formatted(name));
    return tree;
  }

  private void model(JsonParser json) throws IOException {
    require(json.currentToken() == JsonToken.START_OBJECT, "its 'model' is not an object");
    require(model.isEmpty(), "it says 'model' twice");
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      var name = json.currentName();
      var token = json.nextToken();
      switch (name) {
        case "vocab" -> {
          require(!hasVocabulary, "it has two vocabularies");
          hasVocabulary = true;
          if (token == JsonToken.START_OBJECT) {
            idsByPiece(json);
          } else {
            piecesInOrder(json);
          }
        }
        case "merges" -> merges(json);
        default -> {
          require(token.isScalarValue(), "its model's '%s' is not a value".formatted(cut(name)));
          once(model, name, JSON.readTree(json));
        }
      }
    }
  }

  private void idsByPiece(JsonParser json) throws IOException {
    int count = 0;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      var piece = json.currentName();
      require(json.nextToken() == JsonToken.VALUE_NUMBER_INT, "a token's id is not a number");
      long id = json.getLongValue();
      require(id >= 0 && id < MAX_TOKENS, "a token has the id " + id);
      require(++count <= MAX_TOKENS, "it has more than %d tokens".formatted(MAX_TOKENS));
      put((int) id, piece);
    }
    trim();
  }

  /** Unigram's vocabulary: pairs of a piece and its score. */
  private void piecesInOrder(JsonParser json) throws IOException {
    require(json.currentToken() == JsonToken.START_ARRAY, "its vocabulary is not a list");
    int id = 0;
    while (json.nextToken() == JsonToken.START_ARRAY) {
      require(id < MAX_TOKENS, "it has more than %d tokens".formatted(MAX_TOKENS));
      require(json.nextToken() == JsonToken.VALUE_STRING, "a piece is not a text");
      put(id++, json.getText());
      require(json.nextToken().isNumeric(), "a score is not a number");
      require(Double.isFinite(json.getDoubleValue()), "a score is not finite");
      require(json.nextToken() == JsonToken.END_ARRAY, "a piece has more than a score");
    }
    require(json.currentToken() == JsonToken.END_ARRAY, "a piece is not a pair");
    trim();
    once(model, "scored", model.booleanNode(true));
  }

  private void put(int id, String piece) throws IOException {
    require(piece.length() <= MAX_PIECE, "a piece has %d characters".formatted(piece.length()));
    makeRoom(id);
    require(pieces[id] == null, "the id %d has two pieces".formatted(id));
    pieces[id] = piece;
  }

  private void makeRoom(int id) {
    if (id >= pieces.length) {
      pieces = Arrays.copyOf(pieces, Math.max(id + 1, 1024 + 2 * pieces.length));
    }
    largest = Math.max(largest, id);
  }

  private void trim() {
    pieces = Arrays.copyOf(pieces, largest + 1);
  }

  private void merges(JsonParser json) throws IOException {
    require(json.currentToken() == JsonToken.START_ARRAY, "its merges are not a list");
    for (int count = 0; json.nextToken() != JsonToken.END_ARRAY; count++) {
      require(count < MAX_MERGES, "it has more than %d merges".formatted(MAX_MERGES));
      if (json.currentToken() == JsonToken.START_ARRAY) {
        for (int i = 0; i < 2; i++) {
          require(json.nextToken() == JsonToken.VALUE_STRING, "a merge is not a pair");
        }
        require(json.nextToken() == JsonToken.END_ARRAY, "a merge is not a pair");
      } else {
        require(json.currentToken() == JsonToken.VALUE_STRING, "a merge is not a text");
      }
    }
  }

  private void added() throws IOException {
    var tokens = parts.path("added_tokens");
    require(tokens.isMissingNode() || tokens.isArray(), "its added tokens are not a list");
    for (var token : tokens) {
      var content = token.path("content");
      var id = token.path("id");
      require(
          content.isTextual() && !content.textValue().isEmpty() && id.canConvertToInt(),
          "an added token has no text or no id");
      require(id.intValue() >= 0 && id.intValue() < MAX_TOKENS, "an added token has the id " + id);
      makeRoom(id.intValue());
      pieces[id.intValue()] = content.textValue();
      (token.path("special").booleanValue() ? control : verbatim).set(id.intValue());
    }
    trim();
  }

  static UnsoundTokenizerException unsound(String reason) {
    return new UnsoundTokenizerException(reason);
  }

  static void require(boolean sound, String otherwise) throws UnsoundTokenizerException {
    if (!sound) {
      throw unsound(otherwise);
    }
  }

  static String cut(String text) {
    return text.length() > 40 ? text.substring(0, 40) + "…" : text;
  }

  private static String place(JsonProcessingException e) {
    var location = e.getLocation();
    return location == null ? "an unknown place" : "byte " + location.getByteOffset();
  }
}
