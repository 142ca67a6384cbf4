package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Typed reads of a JSON object. A field that is null counts as absent, one that nobody knows is
 * refused, and every complaint names the field by its path.
 */
record Body(ObjectNode node, String path) {
  private static final String TYPE = "invalid_type";
  private static final String VALUE = "invalid_value";
  private static final long LAST_SECOND = 253_402_300_799L;

  /** More than any amount of money that makes sense, less than what would be costly to handle. */
  private static final int MAX_DECIMAL = 40;

  /** Reads the request's body, all of whose fields must be among those given. */
  static <T> Future<T> read(
      RoutingContext ctx, Set<String> fields, Function<Body, Future<T>> work) {
    return Api.json(ctx).compose(node -> work.apply(new Body(node, "").only(fields)));
  }

  Body only(Set<String> fields) {
    node.fieldNames()
        .forEachRemaining(name -> {
          if (!fields.contains(name)) {
            throw new BadRequest(
                "Unknown parameter: '%s'.".formatted(at(name)), at(name), "unknown_parameter");
          }
        });
    return this;
  }

  boolean has(String name) {
    return get(name) != null;
  }

  String text(String name, int maxLength) {
    var text = optionalText(name, maxLength);
    if (text == null) {
      throw missing(name);
    }
    return text;
  }

  @Nullable String optionalText(String name, int maxLength) {
    var value = get(name);
    return value == null ? null : text(value, at(name), maxLength);
  }

  /** A name that people read: not blank, without surrounding white space. */
  String name(String name, int maxLength) {
    var text = text(name, maxLength).strip();
    if (text.isEmpty()) {
      throw invalid(name, "must not be empty");
    }
    return text;
  }

  <T> T choice(String name, Map<String, T> words) {
    var value = words.get(text(name, 64));
    if (value == null) {
      throw invalid(name, "must be one of " + String.join(", ", words.keySet()));
    }
    return value;
  }

  boolean flag(String name) {
    var value = get(name);
    if (value != null && !value.isBoolean()) {
      throw wrongType(at(name), "true or false");
    }
    return value != null && value.booleanValue();
  }

  long integer(String name, long min, long max) {
    var number = optionalInteger(name, min, max);
    if (number == null) {
      throw missing(name);
    }
    return number;
  }

  @Nullable Long optionalInteger(String name, long min, long max) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (!value.isIntegralNumber()) {
      throw wrongType(at(name), "an integer");
    }
    if (!value.canConvertToLong() || value.longValue() < min || value.longValue() > max) {
      throw invalid(name, "must be from %d to %d".formatted(min, max));
    }
    return value.longValue();
  }

  @Nullable Double optionalNumber(String name, double min, double max) {
    var value = get(name);
    if (value == null) {
      return null;
    }
    if (!value.isNumber()) {
      throw wrongType(at(name), "a number");
    }
    double number = value.doubleValue();
    if (!(number >= min && number <= max)) {
      throw invalid(name, "must be from %s to %s".formatted(min, max));
    }
    return number;
  }

  @Nullable Instant optionalTime(String name) {
    var seconds = optionalInteger(name, 0, LAST_SECOND);
    return seconds == null ? null : Instant.ofEpochSecond(seconds);
  }

  Body object(String name) {
    var value = get(name);
    if (value == null) {
      throw missing(name);
    }
    if (!(value instanceof ObjectNode object)) {
      throw wrongType(at(name), "an object");
    }
    return new Body(object, at(name));
  }

  ArrayNode array(String name) {
    if (!(get(name) instanceof ArrayNode array)) {
      throw wrongType(at(name), "a list");
    }
    return array;
  }

  /** {@code {"value":"0.15","currency":"usd"}}; null when the field is null or absent. */
  @Nullable BigDecimal optionalMoney(String name) {
    return has(name) ? object(name).only(Set.of("value", "currency")).amount() : null;
  }

  BigDecimal money(String name) {
    var money = optionalMoney(name);
    if (money == null) {
      throw missing(name);
    }
    return money;
  }

  private BigDecimal amount() {
    if (has("currency") && !text("currency", 8).equals("usd")) {
      throw invalid("currency", "must be usd");
    }
    var text = text("value", MAX_DECIMAL);
    // Digits and a point alone: an exponent could ask for a number of any size.
    if (!text.matches("[0-9]{1,15}([.][0-9]{1,15})?")) {
      throw invalid("value", "must be a decimal number such as \"0.15\"");
    }
    return new BigDecimal(text);
  }

  static String text(JsonNode value, String path, int maxLength) {
    if (!value.isTextual()) {
      throw wrongType(path, "a string");
    }
    var text = value.textValue();
    if (text.length() > maxLength) {
      throw new BadRequest(
          "'%s' must have at most %d characters.".formatted(path, maxLength), path, VALUE);
    }
    // PostgreSQL stores any character but this one.
    if (text.indexOf('\0') >= 0) {
      throw new BadRequest("'%s' must not hold the character NUL.".formatted(path), path, VALUE);
    }
    return text;
  }

  BadRequest invalid(String name, String rule) {
    return new BadRequest("'%s' %s.".formatted(at(name), rule), at(name), VALUE);
  }

  BadRequest unsupported(String name, String reason) {
    return new BadRequest(
        "'%s' is not supported: %s.".formatted(at(name), reason),
        at(name),
        "unsupported_parameter");
  }

  private String at(String name) {
    return path.isEmpty() ? name : path + "." + name;
  }

  private @Nullable JsonNode get(String name) {
    var value = node.get(name);
    return value == null || value.isNull() ? null : value;
  }

  private BadRequest missing(String name) {
    return new BadRequest(
        "Missing required parameter: '%s'.".formatted(at(name)),
        at(name),
        "missing_required_parameter");
  }

  private static BadRequest wrongType(String path, String expected) {
    return new BadRequest("'%s' must be %s.".formatted(path, expected), path, TYPE);
  }
}
