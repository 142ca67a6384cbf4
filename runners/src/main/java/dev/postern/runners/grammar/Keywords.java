package dev.postern.runners.grammar;

import static dev.postern.runners.grammar.SchemaCompiler.invalid;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The keywords of JSON Schema that are understood, and what they hold. Everything is refused with
 * the place in the request's body and a sentence that says what to do.
 *
 * @param strict whether a keyword without meaning here is refused and not passed over
 */
record Keywords(boolean strict) {
  private static final Set<String> ANNOTATIONS =
      Set.of(
          "$schema",
          "$id",
          "$comment",
          "$defs",
          "definitions",
          "title",
          "description",
          "default",
          "examples",
          "deprecated",
          "readOnly",
          "writeOnly");
  private static final Map<String, Set<String>> KEYWORDS =
      Map.of(
          "object",
          Set.of(
              "properties", "required", "additionalProperties", "minProperties", "maxProperties"),
          "array",
          Set.of("items", "prefixItems", "minItems", "maxItems"),
          "string",
          Set.of("minLength", "maxLength", "pattern", "format"),
          "integer",
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
          "number",
          Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
          "boolean",
          Set.of(),
          "null",
          Set.of());

  /** The keywords that say something of values of a type. */
  static Set<String> of(String type) {
    return KEYWORDS.getOrDefault(type, Set.of());
  }

  /** Every other keyword must be a mere annotation; one that is not strict may have any. */
  void requireOnly(ObjectNode schema, String at, Set<String> known) {
    if (!strict) {
      return;
    }
    for (var name : (Iterable<String>) schema::fieldNames) {
      if (!known.contains(name) && !ANNOTATIONS.contains(name)) {
        throw invalid(
            at + "." + name,
            "is not supported%s; remove it, or set 'strict' to false"
                .formatted(known.isEmpty() ? "" : " here"));
      }
    }
  }

  /** The types a schema names; where it names none, the one its keywords are about. */
  Set<String> types(ObjectNode schema, String at) {
    Set<String> types = new LinkedHashSet<>();
    JsonNode type = schema.get("type");
    if (type != null) {
      List<JsonNode> names = type.isArray() ? type.valueStream().toList() : List.of(type);
      for (JsonNode name : names) {
        if (!name.isTextual() || !KEYWORDS.containsKey(name.textValue())) {
          throw invalid(
              at + ".type",
              "must be one of array, boolean, integer, null, number, object, string, or a list of"
                  + " them");
        }
        types.add(name.textValue());
      }
      if (types.isEmpty()) {
        throw invalid(at + ".type", "must not be an empty list");
      }
    } else if (!strict) {
      for (String candidate : List.of("object", "array", "string", "integer")) {
        if (types.isEmpty() && of(candidate).stream().anyMatch(schema::has)) {
          types.add(candidate);
        }
      }
    }
    if (!strict && schema.path("nullable").booleanValue()) {
      types.add("null");
    }
    return types;
  }

  /** Whether a value is of a type by its name in a schema. */
  static boolean isOf(JsonNode value, String type) {
    return switch (type) {
      case "string" -> value.isTextual();
      case "integer" -> value.isIntegralNumber();
      case "number" -> value.isNumber();
      case "boolean" -> value.isBoolean();
      case "null" -> value.isNull();
      case "object" -> value.isObject();
      default -> value.isArray();
    };
  }

  /** A number of at most 15 digits, six of them behind the point; null where there is none. */
  static @Nullable BigDecimal bound(ObjectNode schema, String name, String at) {
    JsonNode value = schema.get(name);
    if (value == null || value.isBoolean()) {
      return null;
    }
    if (!value.isNumber() || value.decimalValue().abs().compareTo(Numbers.LARGEST) > 0) {
      throw invalid(at + "." + name, "must be a number of at most 15 digits");
    }
    return value
        .decimalValue()
        .setScale(Math.min(value.decimalValue().scale(), 6), RoundingMode.HALF_UP);
  }

  /**
   * A whole number.
   *
   * @param absent what it is where the keyword is not there
   * @param most what it may be
   */
  static int count(ObjectNode schema, String name, String at, int absent, int most) {
    JsonNode value = schema.get(name);
    if (value == null) {
      return absent;
    }
    if (!value.isIntegralNumber() || value.decimalValue().signum() < 0) {
      throw invalid(at + "." + name, "must be an integer of at least 0");
    }
    if (value.decimalValue().compareTo(BigDecimal.valueOf(most)) > 0) {
      throw invalid(at + "." + name, "must be at most %d".formatted(most));
    }
    return value.intValue();
  }

  static ArrayNode array(ObjectNode schema, String name, String at) {
    if (schema.get(name) instanceof ArrayNode array) {
      return array;
    }
    throw invalid(at + "." + name, "must be a list");
  }
}
