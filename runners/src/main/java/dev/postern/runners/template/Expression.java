package dev.postern.runners.template;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What stands between braces. */
sealed interface Expression {
  record Literal(Object value) implements Expression {}

  record Name(String name) implements Expression {}

  record ListOf(List<Expression> items) implements Expression {}

  record MapOf(List<Expression> keys, List<Expression> values) implements Expression {}

  record Attribute(Expression target, String name) implements Expression {}

  record Item(Expression target, Expression key) implements Expression {}

  record Slice(
      Expression target,
      @Nullable Expression start,
      @Nullable Expression stop,
      @Nullable Expression step)
      implements Expression {}

  record Call(Expression target, Arguments arguments) implements Expression {}

  record Filter(Expression target, String name, Arguments arguments) implements Expression {}

  record Test(Expression target, String name, List<Expression> arguments, boolean negated)
      implements Expression {}

  record Not(Expression operand) implements Expression {}

  record Negative(Expression operand) implements Expression {}

  record Binary(String operator, Expression left, Expression right) implements Expression {}

  record Conditional(Expression condition, Expression then, @Nullable Expression otherwise)
      implements Expression {}

  record Arguments(List<Expression> positional, Map<String, Expression> named) {
    static final Arguments NONE = new Arguments(List.of(), Map.of());
  }
}
