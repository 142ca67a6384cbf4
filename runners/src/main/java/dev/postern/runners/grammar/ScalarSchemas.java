package dev.postern.runners.grammar;

import static dev.postern.runners.grammar.Expression.UNBOUNDED;
import static dev.postern.runners.grammar.Expression.sequence;
import static dev.postern.runners.grammar.Expression.text;
import static dev.postern.runners.grammar.SchemaCompiler.invalid;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Strings and numbers within what their schemas ask for.
 *
 * @param once makes a rule of an expression, given with its place in the request's body
 */
record ScalarSchemas(boolean strict, BiFunction<Expression, String, Expression> once) {
  private static final int MOST_CHARACTERS = 1 << 20;

  Expression string(ObjectNode schema, String at) {
    int least = Keywords.count(schema, "minLength", at, 0, MOST_CHARACTERS);
    int most = Keywords.count(schema, "maxLength", at, UNBOUNDED, UNBOUNDED);
    if (least > most) {
      throw invalid(at + ".minLength", "must not be above maxLength");
    }
    String pattern = pattern(schema, at);
    if (pattern == null) {
      return JsonText.string(least, most);
    }
    if (strict && (schema.has("minLength") || schema.has("maxLength"))) {
      throw invalid(
          at + (schema.has("minLength") ? ".minLength" : ".maxLength"),
          "is not supported beside 'pattern' or 'format'; say it in the pattern");
    }
    try {
      return sequence(text("\""), once.apply(Regex.string(pattern), at));
    } catch (Regex.UnsupportedException e) {
      if (strict) {
        throw invalid(at + ".pattern", e.getMessage());
      }
      return JsonText.STRING;
    }
  }

  private @Nullable String pattern(ObjectNode schema, String at) {
    if (schema.has("pattern")) {
      if (!schema.get("pattern").isTextual()) {
        throw invalid(at + ".pattern", "must be a string");
      }
      if (strict && schema.has("format")) {
        throw invalid(at + ".format", "is not supported beside 'pattern'");
      }
      return schema.get("pattern").textValue();
    }
    if (!schema.has("format")) {
      return null;
    }
    String pattern = StringFormats.pattern(schema.get("format").asText());
    if (pattern == null && strict) {
      throw invalid(at + ".format", "must be one of " + String.join(", ", StringFormats.names()));
    }
    return pattern;
  }

  static Expression number(ObjectNode schema, String at, boolean whole) {
    BigDecimal low = Keywords.bound(schema, "minimum", at);
    BigDecimal high = Keywords.bound(schema, "maximum", at);
    BigDecimal above = Keywords.bound(schema, "exclusiveMinimum", at);
    BigDecimal below = Keywords.bound(schema, "exclusiveMaximum", at);
    if (low == null && high == null && above == null && below == null) {
      return whole ? JsonText.INTEGER : JsonText.NUMBER;
    }
    BigDecimal from = low == null ? Numbers.LARGEST.negate() : low;
    BigDecimal to = high == null ? Numbers.LARGEST : high;
    if (above != null) {
      from = from.max(Numbers.next(above, whole, 1));
    }
    if (below != null) {
      to = to.min(Numbers.next(below, whole, -1));
    }
    var ranges = whole ? Numbers.integers(from, to) : Numbers.decimals(from, to);
    if (ranges.isEmpty()) {
      throw invalid(at, "has bounds with no number between them");
    }
    return new Expression.Choice(ranges);
  }
}
