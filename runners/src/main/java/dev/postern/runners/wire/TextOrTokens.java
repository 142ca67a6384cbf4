package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.List;

/**
 * The four forms of a prompt or an embedding input: a text, texts, token ids, lists of token ids.
 * Exactly one list is not empty.
 */
record TextOrTokens(List<String> texts, List<int[]> tokens) {

  int size() {
    return texts.size() + tokens.size();
  }

  static TextOrTokens read(Fields body, String name, int most) {
    var value = body.required(name, body.get(name));
    if (value.isTextual()) {
      return new TextOrTokens(List.of(filled(value.textValue(), name)), List.of());
    }
    if (!(value instanceof ArrayNode array)) {
      throw Fields.wrongType(name, "a string, a list of strings or a list of token ids", value);
    }
    if (array.isEmpty()) {
      throw empty(name);
    }
    if (array.get(0).isNumber()) {
      return new TextOrTokens(List.of(), List.of(tokens(array, name)));
    }
    if (array.size() > most) {
      throw body.invalid(name, "must have at most %d entries".formatted(most));
    }
    if (array.get(0).isTextual()) {
      return new TextOrTokens(
          Fields.each(array, name, i -> filled(Fields.text(i.value(), i.path()), i.path())),
          List.of());
    }
    return new TextOrTokens(
        List.of(), Fields.each(array, name, item -> tokens(item.value(), item.path())));
  }

  private static int[] tokens(JsonNode value, String path) {
    if (!(value instanceof ArrayNode array)) {
      throw Fields.wrongType(path, "a list of token ids", value);
    }
    if (array.isEmpty()) {
      throw empty(path);
    }
    var ids = new int[array.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = Fields.integer(array.get(i), path + "[" + i + "]", 0, Integer.MAX_VALUE);
    }
    return ids;
  }

  private static String filled(String text, String path) {
    if (text.isEmpty()) {
      throw empty(path);
    }
    return text;
  }

  private static BadRequest empty(String path) {
    return new BadRequest("'%s' must not be empty.".formatted(path), path, Fields.INVALID_VALUE);
  }
}
