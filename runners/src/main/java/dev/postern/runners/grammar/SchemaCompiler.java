package dev.postern.runners.grammar;

import static dev.postern.runners.grammar.Expression.UNBOUNDED;
import static dev.postern.runners.grammar.Expression.sequence;
import static dev.postern.runners.grammar.Expression.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.postern.runners.grammar.Expression.Member;
import dev.postern.runners.wire.BadRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * JSON Schema to {@link Expression}s that give only JSON which the schema accepts, not always all
 * of it: properties come in the schema's order, and of what has no bound a large one is taken.
 *
 * <p>A strict schema must use nothing that is not understood here. In one that is not, keywords
 * without meaning here are passed over, as far as what is left makes sense.
 */
final class SchemaCompiler {
  private static final int MOST_PROPERTIES = 5000;
  private static final int MOST_OPTIONS = 1000;
  private static final int MOST_DEPTH = 64;
  private static final int MOST_ITEMS = 1024;
  private static final int SMALL = 48;

  private final Grammar grammar;
  private final JsonNode document;
  private final String path;
  private final boolean strict;
  private final Keywords keywords;
  private final ScalarSchemas scalars;
  private final Map<String, Integer> references = new HashMap<>();
  private final Map<Integer, String> paths = new HashMap<>();
  private final Set<Integer> recursive = new LinkedHashSet<>();
  private final Set<Integer> unfinished = new LinkedHashSet<>();
  private int properties;
  private int options;
  private int depth;

  private SchemaCompiler(Grammar grammar, JsonNode document, String path, boolean strict) {
    this.grammar = grammar;
    this.document = document;
    this.path = path;
    this.strict = strict;
    this.keywords = new Keywords(strict);
    this.scalars = new ScalarSchemas(strict, this::rule);
  }

  /**
   * The texts of a schema, whose rules are added to the grammar.
   *
   * @param path of the schema in the request's body, for complaints
   * @throws BadRequest naming the place that cannot be used
   */
  static Expression compile(Grammar grammar, JsonNode schema, String path, boolean strict) {
    var compiler = new SchemaCompiler(grammar, schema, path, strict);
    compiler.references.put("#", grammar.reserve());
    int root = compiler.references.get("#");
    compiler.paths.put(root, path);
    compiler.unfinished.add(root);
    Expression expression = compiler.expression(schema, path);
    grammar.define(root, expression);
    compiler.requireSound();
    if (compiler.recursive.contains(root)) {
      return Expression.call(root);
    }
    grammar.define(root, Expression.EMPTY);
    return expression;
  }

  private void requireSound() {
    var soundness = new Soundness(grammar);
    soundness
        .circular()
        .ifPresent(rule -> {
          throw invalid(
              paths.getOrDefault(rule, path),
              "refers to itself without anything between; put the reference into a property or a"
                  + " list");
        });
    soundness
        .endless()
        .ifPresent(rule -> {
          throw invalid(
              paths.getOrDefault(rule, path),
              "can never end: it always contains itself; let the inner one be null or left out");
        });
  }

  private Expression expression(JsonNode schema, String at) {
    if (++depth > MOST_DEPTH) {
      throw invalid(at, "is nested more than %d deep".formatted(MOST_DEPTH));
    }
    Expression result;
    if (schema.isBoolean()) {
      if (!schema.booleanValue() || strict) {
        throw invalid(at, "must be an object that describes a value");
      }
      result = Expression.call(JsonText.VALUE);
    } else if (schema instanceof ObjectNode object) {
      result = described(object, at);
    } else {
      throw invalid(at, "must be an object");
    }
    depth--;
    return result;
  }

  private Expression described(ObjectNode schema, String at) {
    if (schema.has("$ref")) {
      keywords.requireOnly(schema, at, Set.of("$ref"));
      return reference(schema.get("$ref"), at + ".$ref");
    }
    if (schema.has("const")) {
      keywords.requireOnly(schema, at, Set.of("const", "type"));
      return literals(List.of(schema.get("const")), schema, at + ".const");
    }
    if (schema.has("enum")) {
      keywords.requireOnly(schema, at, Set.of("enum", "type"));
      ArrayNode values = Keywords.array(schema, "enum", at);
      return literals(List.copyOf(values.valueStream().toList()), schema, at + ".enum");
    }
    for (var word : List.of("anyOf", "oneOf")) {
      if (schema.has(word)) {
        keywords.requireOnly(schema, at, Set.of(word));
        return anyOf(Keywords.array(schema, word, at), at + "." + word, word.equals("oneOf"));
      }
    }
    if (schema.has("allOf")) {
      keywords.requireOnly(schema, at, Set.of("allOf"));
      return allOf(schema, at);
    }
    return typed(schema, at);
  }

  private Expression reference(JsonNode reference, String at) {
    if (!reference.isTextual() || !reference.textValue().startsWith("#")) {
      throw invalid(at, "must point into the schema itself, such as \"#/$defs/name\"");
    }
    String pointer = reference.textValue();
    Integer known = references.get(pointer);
    if (known == null) {
      JsonNode target = target(pointer, at);
      known = grammar.reserve();
      references.put(pointer, known);
      String place = path + pointer.substring(1).replace('/', '.');
      paths.put(known, place);
      unfinished.add(known);
      int outer = depth;
      depth = 0;
      if (references.size() > MOST_OPTIONS) {
        throw invalid(at, "is one of more than %d references".formatted(MOST_OPTIONS));
      }
      grammar.define(known, expression(target, place));
      depth = outer;
      unfinished.remove(known);
    } else if (unfinished.contains(known)) {
      recursive.add(known);
    }
    // What is small and not within itself is written out: rules that end often cost time.
    return recursive.contains(known) || grammar.rule(known).size() > SMALL
        ? Expression.call(known)
        : grammar.rule(known);
  }

  private JsonNode target(String pointer, String at) {
    JsonNode target;
    try {
      target =
          document.at(
              URLDecoder.decode(pointer.substring(1).replace("+", "%2B"), StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw invalid(at, "is no JSON pointer; write \"#/$defs/name\"");
    }
    if (target.isMissingNode()) {
      throw invalid(at, "points to nothing: the schema has no '%s'".formatted(brief(pointer)));
    }
    return target;
  }

  private Expression literals(List<JsonNode> values, ObjectNode schema, String at) {
    options += values.size();
    if (values.isEmpty() || options > MOST_OPTIONS) {
      throw invalid(at, "must hold 1 to %d values, all lists together".formatted(MOST_OPTIONS));
    }
    var fitting =
        schema.has("type")
            ? values.stream()
                .filter(value ->
                    keywords.types(schema, at).stream()
                        .anyMatch(type -> Keywords.isOf(value, type)))
                .toList()
            : values;
    if (fitting.isEmpty()) {
      throw invalid(at, "holds no value of the schema's 'type'");
    }
    return new Expression.Choice(
        fitting.stream().map(value -> text(value.toString())).distinct().toList());
  }

  private Expression anyOf(ArrayNode schemas, String at, boolean one) {
    options += schemas.size();
    if (schemas.isEmpty() || options > MOST_OPTIONS) {
      throw invalid(at, "must hold 1 to %d schemas, all lists together".formatted(MOST_OPTIONS));
    }
    if (one && strict) {
      new Distinction(document).requireDistinct(schemas, at);
    }
    List<Expression> choices = new ArrayList<>();
    for (int i = 0; i < schemas.size(); i++) {
      choices.add(expression(schemas.get(i), at + "[" + i + "]"));
    }
    return new Expression.Choice(choices.stream().distinct().toList());
  }

  private Expression allOf(ObjectNode schema, String at) {
    ArrayNode schemas = Keywords.array(schema, "allOf", at);
    if (schemas.size() == 1) {
      return expression(schemas.get(0), at + ".allOf[0]");
    }
    if (strict || schemas.isEmpty()) {
      throw invalid(
          at + ".allOf", "is supported with one schema only; write one schema that says it all");
    }
    return Expression.call(JsonText.OBJECT);
  }

  private Expression typed(ObjectNode schema, String at) {
    Set<String> types = keywords.types(schema, at);
    Set<String> known = new LinkedHashSet<>(Set.of("type"));
    types.forEach(type -> known.addAll(Keywords.of(type)));
    keywords.requireOnly(schema, at, known);
    if (types.isEmpty()) {
      if (strict) {
        throw invalid(at + ".type", "is missing; say what kind of value this is");
      }
      return Expression.call(JsonText.VALUE);
    }
    List<Expression> choices = new ArrayList<>();
    for (String type : types) {
      choices.add(ofType(type, schema, at));
    }
    return choices.size() == 1 ? choices.getFirst() : new Expression.Choice(choices);
  }

  private Expression ofType(String type, ObjectNode schema, String at) {
    return switch (type) {
      case "object" -> object(schema, at);
      case "array" -> list(schema, at);
      case "string" -> scalars.string(schema, at);
      case "integer" -> ScalarSchemas.number(schema, at, true);
      case "number" -> ScalarSchemas.number(schema, at, false);
      case "boolean" -> JsonText.BOOLEAN;
      default -> JsonText.NULL;
    };
  }

  private Expression object(ObjectNode schema, String at) {
    JsonNode more = schema.get("additionalProperties");
    Map<String, JsonNode> named = new LinkedHashMap<>();
    if (schema.has("properties")) {
      if (!(schema.get("properties") instanceof ObjectNode object)) {
        throw invalid(at + ".properties", "must be an object");
      }
      object.properties().forEach(entry -> named.put(entry.getKey(), entry.getValue()));
    }
    Set<String> required = new LinkedHashSet<>();
    if (schema.has("required")) {
      Keywords.array(schema, "required", at).forEach(name -> required.add(name.asText()));
    }
    if (strict) {
      requireStrict(more, named.keySet(), required, at);
    }
    boolean open = more == null || !more.isBoolean() || more.booleanValue();
    for (String name : required) {
      if (!named.containsKey(name)) {
        if (!open) {
          throw invalid(
              at + ".required", "names '%s', which is no property".formatted(brief(name)));
        }
        named.put(name, more == null ? schema.objectNode() : more);
      }
    }
    int least = Keywords.count(schema, "minProperties", at, 0, MOST_PROPERTIES);
    if (named.isEmpty() && open) {
      return openObject(schema, more, least, at);
    }
    if (strict && (schema.has("minProperties") || schema.has("maxProperties"))) {
      throw invalid(at, "cannot have minProperties or maxProperties when all are required");
    }
    return closedObject(named, required, at);
  }

  private void requireStrict(
      @Nullable JsonNode more, Set<String> names, Set<String> required, String at) {
    if (more == null || !more.isBoolean() || more.booleanValue()) {
      throw invalid(at + ".additionalProperties", "must be false in a strict schema");
    }
    for (String name : names) {
      if (!required.contains(name)) {
        throw invalid(
            at + ".required",
            "must name every property of a strict schema, and lacks '%s'; to leave it open give it also the type \"null\""
                .formatted(brief(name)));
      }
    }
  }

  /** Keys may repeat, so that only none or some can be promised. */
  private Expression openObject(ObjectNode schema, @Nullable JsonNode more, int least, String at) {
    int most = Keywords.count(schema, "maxProperties", at, UNBOUNDED, MOST_PROPERTIES);
    Expression value =
        more == null || more.isBoolean()
            ? Expression.call(JsonText.VALUE)
            : expression(more, at + ".additionalProperties");
    if (least > most) {
      throw invalid(at + ".minProperties", "must not be above maxProperties");
    }
    return JsonText.map(value, Math.min(least, 1), most);
  }

  private Expression closedObject(Map<String, JsonNode> named, Set<String> required, String at) {
    properties += named.size();
    if (properties > MOST_PROPERTIES) {
      throw invalid(
          at + ".properties", "has too many; at most %d in all".formatted(MOST_PROPERTIES));
    }
    List<Member> members = new ArrayList<>();
    named.forEach((name, value) ->
        members.add(
            new Member(
                sequence(
                    text(TextNode.valueOf(name).toString()),
                    JsonText.COLON,
                    expression(value, at + ".properties." + brief(name))),
                required.contains(name))));
    return members.isEmpty()
        ? text("{}")
        : JsonText.container("{", new Expression.Members(members, JsonText.COMMA), "}");
  }

  private Expression list(ObjectNode schema, String at) {
    int least = Keywords.count(schema, "minItems", at, 0, MOST_ITEMS);
    int most = Keywords.count(schema, "maxItems", at, UNBOUNDED, UNBOUNDED);
    if (most != UNBOUNDED) {
      // Shorter lists are good as well.
      most = Math.min(most, MOST_ITEMS);
    }
    if (least > most) {
      throw invalid(at + ".minItems", "must not be above maxItems");
    }
    if (schema.has("prefixItems")) {
      return tuple(schema, at, least, most);
    }
    JsonNode items = schema.get("items");
    if (items == null) {
      if (strict) {
        throw invalid(at + ".items", "is missing; say what the list holds");
      }
      return JsonText.array(Expression.call(JsonText.VALUE), least, most);
    }
    Expression item = most == 0 ? Expression.EMPTY : expression(items, at + ".items");
    boolean written = Math.max(least, most == UNBOUNDED ? 0 : most) > 1;
    return JsonText.array(written && item.size() > SMALL ? rule(item, at) : item, least, most);
  }

  /** Parts that come often are written once. */
  private Expression rule(Expression expression, String at) {
    int rule = grammar.reserve();
    paths.put(rule, at);
    grammar.define(rule, expression);
    return Expression.call(rule);
  }

  private Expression tuple(ObjectNode schema, String at, int least, int most) {
    ArrayNode first = Keywords.array(schema, "prefixItems", at);
    if (first.isEmpty() || least > first.size() || most < first.size()) {
      throw invalid(
          at + ".prefixItems",
          "must be as many as the list is long; give it no other minItems or maxItems");
    }
    List<Expression> parts = new ArrayList<>();
    for (int i = 0; i < first.size(); i++) {
      if (i > 0) {
        parts.add(JsonText.COMMA);
      }
      parts.add(expression(first.get(i), at + ".prefixItems[" + i + "]"));
    }
    return JsonText.container("[", new Expression.Sequence(parts), "]");
  }

  static String brief(String text) {
    return text.length() > 64 ? text.substring(0, 64) + "…" : text;
  }

  static BadRequest invalid(String at, @Nullable String rule) {
    return new BadRequest("'%s' %s.".formatted(at, rule), at, "invalid_value");
  }
}
