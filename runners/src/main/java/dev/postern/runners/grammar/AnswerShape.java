package dev.postern.runners.grammar;

import static dev.postern.runners.grammar.Expression.choice;
import static dev.postern.runners.grammar.Expression.optional;
import static dev.postern.runners.grammar.Expression.sequence;
import static dev.postern.runners.grammar.Expression.text;

import dev.postern.runners.importer.Digests;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ResponseFormat;
import dev.postern.runners.wire.Tools.Function;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one answer may be.
 *
 * @param json what its content must be; null for any text
 * @param calls which functions it may call; null for none
 */
public record AnswerShape(Thinking thinking, @Nullable ResponseFormat json, @Nullable Calls calls) {
  private static final String THOUGHT = "<think>";
  private static final String THOUGHT_OVER = "</think>";
  private static final int MOST_CALLS = 16;

  /** Whether a block of thoughts comes before it. */
  public enum Thinking {
    NEVER,
    MAYBE,
    BEGUN
  }

  /**
   * @param must whether it has to call
   * @param several whether it may call more than once
   */
  public record Calls(CallFormat format, List<Function> functions, boolean must, boolean several) {
    public Calls {
      functions = List.copyOf(functions);
    }
  }

  /** Whether it holds the answer to anything at all. */
  public boolean constrains() {
    return json != null || calls != null;
  }

  /** The same for equal shapes alone. */
  String digest() {
    return Digests.hex(toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * @throws BadRequest naming the schema that cannot be used
   */
  Automaton automaton() {
    var grammar = new Grammar();
    try {
      return grammar.root(sequence(thoughts(), answer(grammar))).automaton();
    } catch (GrammarTooLargeException e) {
      throw SchemaCompiler.invalid(
          json == null ? "tools" : json.path(),
          "is too complex: its patterns, bounds or optional properties need too many states;"
              + " simplify it");
    }
  }

  private Expression thoughts() {
    Expression rest =
        sequence(new Expression.Until(THOUGHT_OVER), new Expression.Repeat(text("\n"), 0, 2));
    return switch (thinking) {
      case NEVER -> Expression.EMPTY;
      case MAYBE -> optional(sequence(text(THOUGHT), rest));
      case BEGUN -> rest;
    };
  }

  private Expression answer(Grammar grammar) {
    if (calls == null) {
      return json == null ? Expression.EMPTY : content(grammar, json);
    }
    Expression made = calls(grammar, calls);
    String opening = calls.format().begin() + calls.format().before();
    if (calls.must()) {
      return sequence(text(opening), made);
    }
    if (json != null) {
      return choice(content(grammar, json), sequence(text(opening), made));
    }
    String trigger = calls.format().trigger();
    return choice(
        new Expression.Without(trigger),
        sequence(new Expression.Until(trigger), text(opening.substring(trigger.length())), made));
  }

  private static Expression content(Grammar grammar, ResponseFormat format) {
    return format.schema() == null
        ? Expression.call(JsonText.OBJECT)
        : SchemaCompiler.compile(grammar, format.schema(), format.path(), format.strict());
  }

  /** From the first call's name on. */
  private static Expression calls(Grammar grammar, Calls calls) {
    CallFormat format = calls.format();
    List<Expression> options = new ArrayList<>();
    for (Function function : calls.functions()) {
      options.add(
          sequence(
              text(function.name()),
              text(format.middle()),
              arguments(grammar, function),
              text(format.after())));
    }
    int rule = grammar.reserve();
    grammar.define(rule, new Expression.Choice(options));
    Expression call = Expression.call(rule);
    Expression more =
        calls.several() && format.several()
            ? new Expression.Repeat(
                sequence(text(format.between()), text(format.before()), call), 0, MOST_CALLS - 1)
            : Expression.EMPTY;
    return sequence(call, more, text(format.end()));
  }

  private static Expression arguments(Grammar grammar, Function function) {
    var parameters = function.parameters();
    if (parameters == null) {
      return text("{}");
    }
    var type = parameters.path("type");
    boolean refers = parameters.has("$ref") || parameters.has("anyOf") || parameters.has("allOf");
    if (!refers && !type.asText("object").equals("object")) {
      throw SchemaCompiler.invalid(
          function.path() + ".type", "must be \"object\": arguments are named");
    }
    return SchemaCompiler.compile(
        grammar,
        type.isMissingNode() && !refers ? parameters.deepCopy().put("type", "object") : parameters,
        function.path(),
        function.strict());
  }
}
