package dev.postern.runners.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** A piece of a template: text, a value to print, or a block tag with what it encloses. */
sealed interface Statement {
  record Text(String text) implements Statement {}

  record Print(Expression value) implements Statement {}

  record If(Expression condition, List<Statement> then, List<Statement> otherwise)
      implements Statement {}

  record For(
      List<String> targets,
      Expression items,
      @Nullable Expression condition,
      List<Statement> body,
      List<Statement> otherwise)
      implements Statement {}

  /**
   * @param attribute set on the namespace {@code name}; null sets the variable itself
   */
  record Assign(String name, @Nullable String attribute, Expression value) implements Statement {}

  /** Sets a variable to what the body prints. */
  record Capture(String name, List<Statement> body) implements Statement {}

  record Macro(
      String name, List<String> parameters, List<Expression> defaults, List<Statement> body)
      implements Statement {}

  record Break() implements Statement {}

  record Continue() implements Statement {}
}
