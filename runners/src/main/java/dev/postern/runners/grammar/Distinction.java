package dev.postern.runners.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Tells whether no value can satisfy two schemas at once: by their types, their listed values, or a
 * property that both require and whose listed values differ.
 */
final class Distinction {
  private final JsonNode document;

  Distinction(JsonNode document) {
    this.document = document;
  }

  void requireDistinct(ArrayNode schemas, String at) {
    for (int i = 0; i < schemas.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (!distinct(resolved(schemas.get(j)), resolved(schemas.get(i)))) {
          throw SchemaCompiler.invalid(
              at,
              "cannot tell its schemas %d and %d apart; give both a required property with different 'const' values, or use 'anyOf'"
                  .formatted(j, i));
        }
      }
    }
  }

  private JsonNode resolved(JsonNode schema) {
    JsonNode at = schema;
    for (int i = 0; i < 8 && at.path("$ref").asText().startsWith("#/"); i++) {
      at = document.at(at.path("$ref").asText().substring(1));
    }
    return at;
  }

  private boolean distinct(JsonNode one, JsonNode other) {
    Set<JsonNode> ours = values(one);
    Set<JsonNode> theirs = values(other);
    if (!ours.isEmpty() && !theirs.isEmpty()) {
      return ours.stream().noneMatch(theirs::contains);
    }
    Set<String> types = types(one);
    Set<String> otherTypes = types(other);
    if (!types.isEmpty()
        && !otherTypes.isEmpty()
        && types.stream().noneMatch(otherTypes::contains)) {
      return true;
    }
    if (!types.equals(Set.of("object")) || !otherTypes.equals(Set.of("object"))) {
      return false;
    }
    for (JsonNode name : one.path("required")) {
      JsonNode mine = resolved(one.path("properties").path(name.asText()));
      JsonNode yours = resolved(other.path("properties").path(name.asText()));
      boolean both = other.path("required").valueStream().anyMatch(name::equals);
      if (both && !mine.path("type").asText().equals("object") && distinct(mine, yours)) {
        return true;
      }
      if (!both
          && other.path("additionalProperties").isBoolean()
          && !other.path("additionalProperties").booleanValue()
          && yours.isMissingNode()) {
        return true;
      }
    }
    return false;
  }

  private static Set<JsonNode> values(JsonNode schema) {
    return schema.has("const")
        ? Set.of(schema.get("const"))
        : new HashSet<>(schema.path("enum").valueStream().toList());
  }

  /** Every integer is a number. */
  private static Set<String> types(JsonNode schema) {
    Set<String> types = new HashSet<>();
    JsonNode type = schema.path("type");
    List<JsonNode> names = type.isArray() ? type.valueStream().toList() : List.of(type);
    names.stream()
        .map(JsonNode::asText)
        .filter(name -> !name.isEmpty())
        .map(name -> name.equals("integer") ? "number" : name)
        .forEach(types::add);
    values(schema).forEach(value -> types.add(value.getNodeType().name().toLowerCase(Locale.ROOT)));
    return types;
  }
}
