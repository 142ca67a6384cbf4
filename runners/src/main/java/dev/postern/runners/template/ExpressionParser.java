package dev.postern.runners.template;

import dev.postern.runners.template.Expression.Arguments;
import dev.postern.runners.template.Lexer.Kind;
import dev.postern.runners.template.Lexer.Word;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Jinja's expressions, by descent; one method for each level of binding, the loosest first. */
final class ExpressionParser {
  private static final int MAX_DEPTH = 100;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final Words words;
  private int depth;

  ExpressionParser(Words words) {
    this.words = words;
  }

  Expression expression() {
    if (++depth > MAX_DEPTH) {
      throw new TemplateSyntaxException("an expression is nested too deeply");
    }
    Expression value = or();
    while (words.takeName("if")) {
      Expression condition = or();
      Expression otherwise = words.takeName("else") ? expression() : null;
      value = new Expression.Conditional(condition, value, otherwise);
    }
    depth--;
    return value;
  }

  Expression or() {
    Expression left = and();
    while (words.takeName("or")) {
      left = new Expression.Binary("or", left, and());
    }
    return left;
  }

  private Expression and() {
    Expression left = not();
    while (words.takeName("and")) {
      left = new Expression.Binary("and", left, not());
    }
    return left;
  }

  private Expression not() {
    if (!words.takeName("not")) {
      return comparison();
    }
    if (++depth > MAX_DEPTH) {
      throw new TemplateSyntaxException("an expression is nested too deeply");
    }
    Expression operand = not();
    depth--;
    return new Expression.Not(operand);
  }

  private Expression comparison() {
    Expression left = sum();
    while (true) {
      Word word = words.peek();
      if (word.kind() == Kind.SIGN && COMPARISONS.contains(word.text())) {
        words.take();
        left = new Expression.Binary(word.text(), left, sum());
      } else if (words.takeName("in")) {
        left = new Expression.Binary("in", left, sum());
      } else if (words.takeNames("not", "in")) {
        left = new Expression.Not(new Expression.Binary("in", left, sum()));
      } else {
        return left;
      }
    }
  }

  private Expression sum() {
    Expression left = joined();
    while (words.atSign("+") || words.atSign("-")) {
      left = new Expression.Binary(words.take().text(), left, joined());
    }
    return left;
  }

  private Expression joined() {
    Expression left = product();
    while (words.takeSign("~")) {
      left = new Expression.Binary("~", left, product());
    }
    return left;
  }

  private Expression product() {
    Expression left = unary();
    while (words.atSign("*") || words.atSign("/") || words.atSign("//") || words.atSign("%")) {
      left = new Expression.Binary(words.take().text(), left, unary());
    }
    return left;
  }

  private Expression unary() {
    return words.atSign("-") ? suffixed(negative(), true) : suffixed(primary(), true);
  }

  /** Filters and tests are of the negative, members and calls of what it negates. */
  private Expression negative() {
    if (!words.takeSign("-")) {
      return suffixed(primary(), false);
    }
    if (++depth > MAX_DEPTH) {
      throw new TemplateSyntaxException("an expression is nested too deeply");
    }
    Expression operand = negative();
    depth--;
    return new Expression.Negative(operand);
  }

  private Expression suffixed(Expression primary, boolean filters) {
    Expression value = primary;
    while (true) {
      if (words.takeSign(".")) {
        Word member = words.take();
        if (member.kind() == Kind.SIGN) {
          throw words.unexpected("a member's name");
        }
        value =
            member.kind() == Kind.NUMBER
                ? new Expression.Item(value, number(member.text()))
                : new Expression.Attribute(value, member.text());
      } else if (words.takeSign("[")) {
        value = subscript(value);
      } else if (words.atSign("(")) {
        value = new Expression.Call(value, arguments());
      } else if (filters && words.takeSign("|")) {
        String name = words.expectAnyName();
        Arguments arguments = words.atSign("(") ? arguments() : Arguments.NONE;
        value = new Expression.Filter(value, Filters.known(name), arguments);
      } else if (filters && words.takeName("is")) {
        value = test(value);
      } else {
        return value;
      }
    }
  }

  private Expression subscript(Expression target) {
    Expression start = words.atSign(":") ? null : expression();
    if (start != null && words.takeSign("]")) {
      return new Expression.Item(target, start);
    }
    words.expectSign(":");
    Expression stop = bound();
    Expression step = words.takeSign(":") ? bound() : null;
    words.expectSign("]");
    return new Expression.Slice(target, start, stop, step);
  }

  private @Nullable Expression bound() {
    return words.atSign(":") || words.atSign("]") ? null : expression();
  }

  private Expression test(Expression target) {
    boolean negated = words.takeName("not");
    String name = words.expectAnyName();
    List<Expression> arguments = List.of();
    if (words.atSign("(")) {
      arguments = arguments().positional();
    } else if (Tests.takesArgument(name)) {
      arguments = List.of(suffixed(primary(), true));
    }
    return new Expression.Test(target, Tests.known(name), arguments, negated);
  }

  private Arguments arguments() {
    words.expectSign("(");
    List<Expression> positional = new ArrayList<>();
    Map<String, Expression> named = new LinkedHashMap<>();
    while (!words.takeSign(")")) {
      if (words.peek().kind() == Kind.NAME && words.atSecondSign("=")) {
        String name = words.take().text();
        words.expectSign("=");
        named.put(name, expression());
      } else {
        positional.add(expression());
      }
      if (!words.atSign(")")) {
        words.expectSign(",");
      }
    }
    return new Arguments(positional, named);
  }

  private Expression primary() {
    Word word = words.take();
    return switch (word.kind()) {
      case STRING -> {
        StringBuilder text = new StringBuilder(word.text());
        while (words.peek().kind() == Kind.STRING) {
          text.append(words.take().text());
        }
        yield new Expression.Literal(text.toString());
      }
      case NUMBER -> number(word.text());
      case NAME ->
          switch (word.text()) {
            case "true", "True" -> new Expression.Literal(true);
            case "false", "False" -> new Expression.Literal(false);
            case "none", "None" -> new Expression.Literal(Values.NONE);
            default -> new Expression.Name(word.text());
          };
      case SIGN ->
          switch (word.text()) {
            case "[" -> new Expression.ListOf(items("]"));
            case "(" -> parenthesised();
            case "{" -> map();
            default ->
                throw new TemplateSyntaxException("'" + word.text() + "' is not expected there");
          };
    };
  }

  private static Expression number(String text) {
    try {
      return new Expression.Literal(
          text.contains(".") ? (Object) Double.valueOf(text) : (Object) Long.valueOf(text));
    } catch (NumberFormatException failure) {
      throw new TemplateSyntaxException("'" + text + "' is not a number");
    }
  }

  private Expression parenthesised() {
    if (words.takeSign(")")) {
      return new Expression.ListOf(List.of());
    }
    Expression first = expression();
    if (words.takeSign(")")) {
      return first;
    }
    words.expectSign(",");
    List<Expression> items = new ArrayList<>(List.of(first));
    items.addAll(items(")"));
    return new Expression.ListOf(items);
  }

  private List<Expression> items(String end) {
    List<Expression> items = new ArrayList<>();
    while (!words.takeSign(end)) {
      items.add(expression());
      if (!words.atSign(end)) {
        words.expectSign(",");
      }
    }
    return items;
  }

  private Expression map() {
    List<Expression> keys = new ArrayList<>();
    List<Expression> values = new ArrayList<>();
    while (!words.takeSign("}")) {
      keys.add(expression());
      words.expectSign(":");
      values.add(expression());
      if (!words.atSign("}")) {
        words.expectSign(",");
      }
    }
    return new Expression.MapOf(keys, values);
  }
}
