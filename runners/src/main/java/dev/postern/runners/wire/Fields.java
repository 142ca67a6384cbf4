package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Typed reads of one JSON object. JSON null counts as absent, and every complaint names the field
 * by its path from the body.
 */
record Fields(ObjectNode node, String path) {

  static final String INVALID_VALUE = "invalid_value";
  static final String INVALID_TYPE = "invalid_type";
  static final String MISSING = "missing_required_parameter";
  static final String UNSUPPORTED = "unsupported_parameter";
  static final String UNKNOWN = "unknown_parameter";
  private static final int QUOTED_NAME = 64;

  String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  @Nullable JsonNode get(String name) {
    var value = node.get(name);
    return value == null || value.isNull() ? null : value;
  }

  void allowOnly(Set<String> known) {
    for (var name : (Iterable<String>) node::fieldNames) {
      if (!known.contains(name)) {
        var quoted = name.length() > QUOTED_NAME ? name.substring(0, QUOTED_NAME) + "…" : name;
        throw new BadRequest(
            "Unknown parameter: '%s'. Remove it, or check its spelling.".formatted(at(quoted)),
            at(quoted),
            UNKNOWN);
      }
    }
  }

  boolean has(String name) {
    return get(name) != null;
  }

  <T> T required(String name, @Nullable T value) {
    if (value == null) {
      throw new BadRequest(
          "Missing required parameter: '%s'.".formatted(at(name)), at(name), MISSING);
    }
    return value;
  }

  @Nullable String text(String name, int maxLength) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    var text = text(value, at(name));
    if (text.length() > maxLength) {
      throw invalid(name, "must have at most %d characters".formatted(maxLength));
    }
    return text;
  }

  String oneOf(String name, String absent, Set<String> words) {
    var value = text(name, 64);
    if (value == null) {
      return absent;
    }
    if (!words.contains(value)) {
      throw invalid(name, "must be one of " + String.join(", ", words.stream().sorted().toList()));
    }
    return value;
  }

  boolean flag(String name) {
    var value = get(name);
    if (value == null) {
      return false;
    }
    if (!value.isBoolean()) {
      throw wrongType(at(name), "true or false", value);
    }
    return value.booleanValue();
  }

  double number(String name, double absent, double min, double max) {
    var value = get(name);
    return value == null ? absent : number(value, at(name), min, max);
  }

  @Nullable Integer integer(String name, int min, int max) {
    var value = get(name);
    return value == null ? null : integer(value, at(name), min, max);
  }

  int integer(String name, int absent, int min, int max) {
    var value = get(name);
    return value == null ? absent : integer(value, at(name), min, max);
  }

  @Nullable Long integer64(String name) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (!value.isIntegralNumber()) {
      throw wrongType(at(name), "an integer", value);
    }
    if (!value.canConvertToLong()) {
      throw invalid(name, "must fit into 64 bits");
    }
    return value.longValue();
  }

  @Nullable Fields object(String name) {
    var value = get(name);
    return value == null ? null : object(value, at(name));
  }

  @Nullable ArrayNode array(String name) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (!(value instanceof ArrayNode array)) {
      throw wrongType(at(name), "a list", value);
    }
    return array;
  }

  /** True when the field holds a list or an object with something in it. */
  boolean filled(String name) {
    var value = get(name);
    return value != null && !(value.isContainerNode() && value.isEmpty());
  }

  BadRequest invalid(String name, String rule) {
    return new BadRequest("'%s' %s.".formatted(at(name), rule), at(name), INVALID_VALUE);
  }

  BadRequest unsupported(String name, String reason) {
    return new BadRequest(
        "'%s' is not supported: %s.".formatted(at(name), reason), at(name), UNSUPPORTED);
  }

  static Fields object(JsonNode value, String path) {
    if (!(value instanceof ObjectNode object)) {
      throw wrongType(path, "an object", value);
    }
    return new Fields(object, path);
  }

  static String text(JsonNode value, String path) {
    if (!value.isTextual()) {
      throw wrongType(path, "a string", value);
    }
    return value.textValue();
  }

  static double number(JsonNode value, String path, double min, double max) {
    if (!value.isNumber()) {
      throw wrongType(path, "a number", value);
    }
    double number = value.doubleValue();
    if (!(number >= min && number <= max)) {
      throw new BadRequest(
          "'%s' must be between %s and %s.".formatted(path, plain(min), plain(max)),
          path,
          INVALID_VALUE);
    }
    return number;
  }

  static int integer(JsonNode value, String path, int min, int max) {
    if (!value.isIntegralNumber()) {
      throw wrongType(path, "an integer", value);
    }
    if (!value.canConvertToInt() || value.intValue() < min || value.intValue() > max) {
      throw new BadRequest(
          "'%s' must be an integer between %d and %d.".formatted(path, min, max),
          path,
          INVALID_VALUE);
    }
    return value.intValue();
  }

  static BadRequest wrongType(String path, String wanted, JsonNode got) {
    return new BadRequest(
        "'%s' must be %s, not %s.".formatted(path, wanted, kind(got)), path, INVALID_TYPE);
  }

  static <T> List<T> each(ArrayNode array, String path, Function<Item, T> read) {
    var items = new ArrayList<T>(array.size());
    for (int i = 0; i < array.size(); i++) {
      items.add(read.apply(new Item(array.get(i), path + "[" + i + "]")));
    }
    return items;
  }

  record Item(JsonNode value, String path) {}

  private static String kind(JsonNode value) {
    return switch (value.getNodeType()) {
      case ARRAY -> "a list";
      case BOOLEAN -> "true or false";
      case NULL, MISSING -> "null";
      case NUMBER -> value.isIntegralNumber() ? "an integer" : "a number";
      case OBJECT, POJO -> "an object";
      case STRING, BINARY -> "a string";
    };
  }

  private static String plain(double bound) {
    return bound == Math.rint(bound) ? Long.toString((long) bound) : Double.toString(bound);
  }
}
