package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.tokenizer.SentencePieceModel;
import dev.postern.runners.tokenizer.TokenizerJson;
import dev.postern.runners.tokenizer.UnsoundTokenizerException;
import dev.postern.runners.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The tokenizer of a Hugging Face folder: a tokenizer.json or, where there is none, SentencePiece's
 * tokenizer.model. And what the files beside it say of it: which tokens begin and end texts, and
 * the chat template. A tokenizer.json can have tens of megabytes, so it is read as a stream.
 */
final class TokenizerFiles {
  private static final long MAX_BYTES = 256 << 20;
  private static final int MAX_ADDED = 1 << 17;
  private static final ObjectMapper MAPPER = new ObjectMapper(JsonFiles.FACTORY);

  static final String SETTINGS = "tokenizer_config.json";

  private static final String SENTENCE_PIECE = "tokenizer.model";
  private static final List<String> NAMES =
      List.of(
          ModelFolder.TOKENIZER,
          SENTENCE_PIECE,
          SETTINGS,
          "chat_template.jinja",
          "chat_template.json");

  private final Path folder;
  private final @Nullable Vocabulary pieces;
  private final ObjectNode settings;
  private final Map<String, Integer> added = new HashMap<>();
  private JsonNode postProcessor = MissingNode.getInstance();

  /**
   * @throws ImportException when the folder has neither of them, or a damaged one
   */
  TokenizerFiles(Path folder) throws IOException {
    this.folder = folder;
    this.settings = JsonFiles.readIfThere(folder.resolve(SETTINGS));
    Path file = folder.resolve(ModelFolder.TOKENIZER);
    pieces = Files.isRegularFile(file) ? null : sentencePieces(folder.resolve(SENTENCE_PIECE));
    if (pieces != null) {
      for (int id = 0; id < pieces.pieces().size(); id++) {
        if (pieces.kinds().get(id) == Vocabulary.Kind.CONTROL) {
          added.put(pieces.pieces().get(id), id);
        }
      }
      return;
    }
    if (Files.size(file) > MAX_BYTES) {
      throw malformed("its tokenizer.json is too large");
    }
    try (JsonParser json = JsonFiles.FACTORY.createParser(file.toFile())) {
      json.setCodec(MAPPER);
      read(json);
    } catch (JsonProcessingException failure) {
      throw malformed("its tokenizer.json is not sound JSON");
    }
  }

  private static Vocabulary sentencePieces(Path file) throws IOException {
    if (!Files.isRegularFile(file)) {
      throw ImportException.unsupported("there is no tokenizer.json beside it");
    }
    try {
      return SentencePieceModel.read(file);
    } catch (UnsoundTokenizerException failure) {
      throw malformed("of its tokenizer.model: " + failure.getMessage());
    }
  }

  /** Writes the tokenizer.json that the model will be served with. */
  void write(Path target) throws IOException {
    if (pieces != null) {
      TokenizerJson.write(pieces, target);
      return;
    }
    Files.copy(folder.resolve(ModelFolder.TOKENIZER), target);
  }

  private void read(JsonParser json) throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw malformed("its tokenizer.json is not a JSON object");
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      JsonToken value = json.nextToken();
      if (field.equals("added_tokens") && value == JsonToken.START_ARRAY) {
        while (json.nextToken() == JsonToken.START_OBJECT && added.size() < MAX_ADDED) {
          JsonNode token = json.readValueAsTree();
          added.put(token.path("content").asText(), token.path("id").asInt(-1));
        }
      } else if (field.equals("post_processor")) {
        postProcessor = json.readValueAsTree();
      } else {
        json.skipChildren();
      }
    }
  }

  /**
   * @param vocabulary ids are below it
   */
  ModelManifest.Tokens tokens(ObjectNode config, int vocabulary) throws IOException {
    Integer beginning = named("bos_token");
    if (beginning == null && config.path("bos_token_id").isInt()) {
      beginning = config.get("bos_token_id").intValue();
    }
    var ends = new TreeSet<Integer>();
    Integer end = named("eos_token");
    if (end != null) {
      ends.add(end);
    }
    ObjectNode generation = JsonFiles.readIfThere(folder.resolve("generation_config.json"));
    for (JsonNode source : new JsonNode[] {generation, config}) {
      JsonNode ids = source.path("eos_token_id");
      if (ids.isInt()) {
        ends.add(ids.intValue());
      }
      ids.forEach(id -> ends.add(id.asInt(-1)));
    }
    added.forEach((text, id) -> {
      if (GgufVocabulary.END_TEXTS.contains(text)) {
        ends.add(id);
      }
    });
    ends.removeIf(id -> id < 0 || id >= vocabulary);
    if (beginning != null && (beginning < 0 || beginning >= vocabulary)) {
      throw malformed("its beginning token is not in the vocabulary");
    }
    if (end == null && !ends.isEmpty()) {
      end = ends.first();
    }
    return new ModelManifest.Tokens(beginning, end, begins(beginning), ends);
  }

  /** The id of a token that tokenizer_config.json names; null when it names none. */
  private @Nullable Integer named(String key) {
    JsonNode token = settings.path(key);
    return added.get(token.isObject() ? token.path("content").asText() : token.asText(""));
  }

  /** Whether the tokenizer puts the beginning token before each text. */
  private boolean begins(@Nullable Integer beginning) {
    if (beginning == null) {
      return false;
    }
    if (pieces != null) {
      return settings.path("add_bos_token").asBoolean(true);
    }
    JsonNode processors = postProcessor.path("processors");
    if (!processors.isArray()) {
      return beginsBy(postProcessor, beginning);
    }
    for (JsonNode processor : processors) {
      if (beginsBy(processor, beginning)) {
        return true;
      }
    }
    return false;
  }

  private boolean beginsBy(JsonNode processor, int beginning) {
    String first = processor.path("single").path(0).path("SpecialToken").path("id").asText("");
    return Integer.valueOf(beginning).equals(added.get(first));
  }

  /** Those that are there. */
  List<Path> files() {
    return NAMES.stream().map(folder::resolve).filter(Files::isRegularFile).toList();
  }

  /** The chat template; null when there is none. */
  @Nullable String chatTemplate() throws IOException {
    Path file = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(file) && Files.size(file) <= 1 << 20) {
      return Files.readString(file);
    }
    JsonNode template = settings.path("chat_template");
    if (template.isArray()) {
      for (JsonNode one : template) {
        if (one.path("name").asText().equals("default")) {
          return one.path("template").asText();
        }
      }
      return null;
    }
    if (!template.isTextual()) {
      template = JsonFiles.readIfThere(folder.resolve("chat_template.json")).path("chat_template");
    }
    return template.isTextual() ? template.textValue() : null;
  }
}
