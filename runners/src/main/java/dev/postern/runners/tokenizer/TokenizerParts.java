package dev.postern.runners.tokenizer;

import static dev.postern.runners.tokenizer.TokenizerFile.cut;
import static dev.postern.runners.tokenizer.TokenizerFile.require;
import static dev.postern.runners.tokenizer.TokenizerFile.unsound;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Checks the rules of a tokenizer.json: what surrounds its vocabulary. */
final class TokenizerParts {
  private static final Set<String> MODELS = Set.of("BPE", "WordPiece", "Unigram");
  private static final Set<String> NORMALIZERS =
      Set.of(
          "BertNormalizer",
          "ByteLevel",
          "Lowercase",
          "NFC",
          "NFD",
          "NFKC",
          "NFKD",
          "Nmt",
          "Precompiled",
          "Prepend",
          "Replace",
          "Sequence",
          "Strip",
          "StripAccents");
  private static final Set<String> PRE_TOKENIZERS =
      Set.of(
          "BertPreTokenizer",
          "ByteLevel",
          "Digits",
          "Metaspace",
          "Punctuation",
          "Sequence",
          "Split",
          "UnicodeScripts",
          "Whitespace",
          "WhitespaceSplit");
  private static final Set<String> POST_PROCESSORS =
      Set.of("BertProcessing", "ByteLevel", "RobertaProcessing", "Sequence", "TemplateProcessing");

  private static final int MAX_RULES = 64;
  private static final int MAX_PATTERN = 2000;
  private static final int MAX_WORD = 1000;

  private TokenizerParts() {}

  static void check(JsonNode parts, JsonNode model, int tokens) throws IOException {
    model(model, tokens);
    for (var rule : rules(parts.path("normalizer"), "normalizers", NORMALIZERS)) {
      switch (rule.path("type").asText()) {
        case "Precompiled" -> CharacterMap.check(rule.path("precompiled_charsmap"));
        case "Replace" -> pattern(rule.path("pattern"));
        default -> {}
      }
    }
    for (var rule : rules(parts.path("pre_tokenizer"), "pretokenizers", PRE_TOKENIZERS)) {
      if (rule.path("type").asText().equals("Split")) {
        pattern(rule.path("pattern"));
      }
    }
    for (var rule : rules(parts.path("post_processor"), "processors", POST_PROCESSORS)) {
      if (rule.path("type").asText().equals("TemplateProcessing")) {
        template(rule, "single", Set.of("A"));
        template(rule, "pair", Set.of("A", "B"));
      }
    }
  }

  /** The kinds of a rule and, when it is a sequence, of its members. */
  static List<String> types(JsonNode rule) {
    var types = new ArrayList<String>();
    types.add(rule.path("type").asText());
    rule.path("pretokenizers").forEach(member -> types.addAll(types(member)));
    rule.path("normalizers").forEach(member -> types.addAll(types(member)));
    return types;
  }

  private static void model(JsonNode model, int tokens) throws IOException {
    // Files of before 2021 leave the type out.
    var type = model.path("type").asText(model.has("scored") ? "Unigram" : "BPE");
    require(MODELS.contains(type), "its model '%s' is not known".formatted(cut(type)));
    require(
        type.equals("Unigram") == model.has("scored"),
        "its vocabulary is not that of a " + type + " model");
    require(
        model.path("dropout").asDouble(0) == 0, "it drops merges at random, which no model wants");
    int word = model.path("max_input_chars_per_word").asInt(1);
    require(word >= 0 && word <= MAX_WORD, "it takes words of %d characters".formatted(word));
    var unknown = model.path("unk_id");
    require(
        unknown.isMissingNode()
            || unknown.isNull()
            || unknown.canConvertToInt() && unknown.intValue() >= 0 && unknown.intValue() < tokens,
        "its unknown token is not in the vocabulary");
    require(tokens > 0, "its vocabulary is empty");
  }

  private static List<JsonNode> rules(JsonNode rule, String members, Set<String> known)
      throws IOException {
    var rules = new ArrayList<JsonNode>();
    collect(rule, members, known, rules);
    return rules;
  }

  private static void collect(
      JsonNode rule, String members, Set<String> known, List<JsonNode> rules) throws IOException {
    if (rule.isMissingNode() || rule.isNull()) {
      return;
    }
    var type = rule.path("type").asText();
    require(known.contains(type), "its rule '%s' is not known".formatted(cut(type)));
    require(rules.size() < MAX_RULES, "it has more than %d rules".formatted(MAX_RULES));
    rules.add(rule);
    for (var member : rule.path(members)) {
      collect(member, members, known, rules);
    }
  }

  private static void pattern(JsonNode pattern) throws IOException {
    var text = pattern.path("String");
    if (text.isTextual()) {
      require(
          !text.textValue().isEmpty() && text.textValue().length() <= MAX_PATTERN,
          "it looks for a text that is empty or too long");
      return;
    }
    var regex = pattern.path("Regex").asText();
    require(
        !regex.isEmpty() && regex.length() <= MAX_PATTERN,
        "it looks for a pattern that is empty or too long");
    require(
        !mayExplode(regex), "its pattern '%s' could take time without end".formatted(cut(regex)));
  }

  /**
   * What makes a backtracking matcher take time beyond all bounds: a group repeated without an end,
   * and references to what was matched before. Patterns that cut words need neither.
   */
  private static boolean mayExplode(String regex) {
    int brackets = 0;
    for (int i = 0; i < regex.length(); i++) {
      char character = regex.charAt(i);
      char next = i + 1 < regex.length() ? regex.charAt(i + 1) : ' ';
      switch (character) {
        case '\\' -> {
          if (brackets == 0 && "123456789kg".indexOf(next) >= 0) {
            return true;
          }
          i++;
        }
        case '[' -> brackets++;
        case ']' -> brackets = Math.max(0, brackets - 1);
        case ')' -> {
          if (brackets == 0 && "+*{".indexOf(next) >= 0) {
            return true;
          }
        }
        default -> {}
      }
    }
    return false;
  }

  /** The library would panic on a token or a text that a template names but does not have. */
  private static void template(JsonNode rule, String name, Set<String> texts) throws IOException {
    var tokens = rule.path("special_tokens");
    var steps = rule.path(name);
    require(steps.isArray() && steps.size() <= MAX_RULES, "its template is not a short list");
    for (var step : steps) {
      var text = step.path("Sequence").path("id");
      var token = step.path("SpecialToken").path("id");
      if (token.isTextual()) {
        var ids = tokens.path(token.textValue()).path("ids");
        var names = tokens.path(token.textValue()).path("tokens");
        require(
            ids.isArray() && names.isArray() && ids.size() == names.size() && !ids.isEmpty(),
            "its template names a token that it does not have");
      } else if (!text.isTextual() || !texts.contains(text.textValue())) {
        throw unsound("its template names a text that is not there");
      }
    }
  }
}
