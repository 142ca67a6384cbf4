package dev.postern.runners.grammar;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Random;

/** Schemas of everything that is supported, nested a few levels deep. */
final class RandomSchemas {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<String> NAMES =
      List.of("id", "name", "ünï", "a \"quoted\" key", "items", "n", "日本", "id2");
  private static final List<String> PATTERNS =
      List.of(
          "^[a-z]{2,5}$",
          "^(\\d{3}-)?\\d{4}$",
          "[0-9\\s]x?",
          "^\\w+@\\w+\\.(com|org)$",
          "^[^\"a-z]{1,4}$");

  /** The validator knows which top-level domains there are and refuses e-mail to others. */
  private static final List<String> FORMATS =
      StringFormats.names().stream().filter(name -> !name.equals("email")).toList();

  private final Random random;
  private final boolean strict;

  RandomSchemas(Random random, boolean strict) {
    this.random = random;
    this.strict = strict;
  }

  JsonNode next() {
    ObjectNode schema = object(3);
    var definitions = schema.putObject("$defs");
    definitions.set("leaf", any(1));
    ObjectNode tree = definitions.putObject("tree");
    tree.put("type", "object");
    var properties = tree.putObject("properties");
    properties.set("label", any(0));
    properties
        .putObject("children")
        .put("type", "array")
        .putObject("items")
        .put("$ref", "#/$defs/tree");
    close(tree, List.of("label", "children"), 2);
    return schema;
  }

  private JsonNode any(int depth) {
    int kinds = depth > 0 ? 12 : 8;
    ObjectNode schema = JSON.objectNode();
    switch (random.nextInt(kinds)) {
      case 0 -> bounded(schema.put("type", "integer"), -500);
      case 1 -> bounded(schema.put("type", "number"), -2);
      case 2 -> schema.put("type", "boolean");
      case 3 -> lengths(schema.put("type", "string"));
      case 4 -> schema.put("type", "string").put("pattern", pick(PATTERNS));
      case 5 -> schema.put("type", "string").put("format", pick(FORMATS));
      case 6 -> schema.putArray("enum").add("x\ny").add(7).addNull().add(true).add("é");
      case 7 -> schema.putArray("type").add("string").add("null").add("integer");
      case 8 -> {
        schema.put("type", "array").set("items", any(depth - 1));
        if (random.nextBoolean()) {
          schema.put("minItems", random.nextInt(3));
          schema.put("maxItems", 2 + random.nextInt(3));
        }
      }
      case 9 -> schema.putArray("anyOf").add(any(depth - 1)).add(any(depth - 1));
      case 10 -> schema.put("$ref", random.nextBoolean() ? "#/$defs/tree" : "#/$defs/leaf");
      default -> {
        return object(depth);
      }
    }
    return schema;
  }

  private String pick(List<String> list) {
    return list.get(random.nextInt(list.size()));
  }

  private void bounded(ObjectNode schema, int low) {
    if (random.nextBoolean()) {
      int from = low + random.nextInt(1000);
      schema.put(random.nextBoolean() ? "minimum" : "exclusiveMinimum", from);
      schema.put(
          random.nextBoolean() ? "maximum" : "exclusiveMaximum", from + 2 + random.nextInt(3000));
    }
  }

  private void lengths(ObjectNode schema) {
    if (random.nextBoolean()) {
      schema.put("minLength", random.nextInt(40));
      schema.put("maxLength", 40 + random.nextInt(50));
    }
  }

  private ObjectNode object(int depth) {
    ObjectNode schema = JSON.objectNode().put("type", "object");
    var properties = schema.putObject("properties");
    int count = random.nextInt(5);
    for (int i = 0; i < count; i++) {
      properties.set(pick(NAMES), any(depth - 1));
    }
    List<String> names = properties.propertyStream().map(java.util.Map.Entry::getKey).toList();
    close(schema, names, strict ? names.size() : random.nextInt(names.size() + 1));
    return schema;
  }

  private void close(ObjectNode schema, List<String> names, int required) {
    var list = schema.putArray("required");
    names.subList(0, required).forEach(list::add);
    schema.put("additionalProperties", false);
  }
}
