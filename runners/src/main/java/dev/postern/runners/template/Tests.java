package dev.postern.runners.template;

import java.util.List;
import java.util.Map;
import java.util.Set;

/** What may stand after {@code is}. */
final class Tests {
  private static final Set<String> WITH_ARGUMENT =
      Set.of("equalto", "eq", "ne", "in", "divisibleby", "sameas");
  private static final Set<String> PLAIN =
      Set.of(
          "defined",
          "undefined",
          "none",
          "string",
          "number",
          "integer",
          "float",
          "boolean",
          "true",
          "false",
          "mapping",
          "sequence",
          "iterable",
          "callable",
          "even",
          "odd");

  private Tests() {}

  static boolean takesArgument(String name) {
    return WITH_ARGUMENT.contains(name);
  }

  static String known(String name) {
    if (!PLAIN.contains(name) && !WITH_ARGUMENT.contains(name)) {
      throw new TemplateSyntaxException("the test '" + name + "' is not known");
    }
    return name;
  }

  static boolean holds(String name, Object value, List<Object> arguments) {
    return switch (name) {
      case "defined" -> value != Values.UNDEFINED;
      case "undefined" -> value == Values.UNDEFINED;
      case "none" -> value == Values.NONE;
      case "string" -> value instanceof String;
      case "number" -> value instanceof Number;
      case "integer" -> value instanceof Long;
      case "float" -> value instanceof Double;
      case "boolean" -> value instanceof Boolean;
      case "true" -> value.equals(true);
      case "false" -> value.equals(false);
      case "mapping" -> value instanceof Map<?, ?>;
      case "sequence", "iterable" ->
          value instanceof List<?> || value instanceof Map<?, ?> || value instanceof String;
      case "callable" -> value instanceof Values.Function;
      case "even" -> value instanceof Long number && number % 2 == 0;
      case "odd" -> value instanceof Long number && number % 2 != 0;
      case "equalto", "eq", "sameas" -> Values.equal(value, argument(arguments));
      case "ne" -> !Values.equal(value, argument(arguments));
      case "in" -> Values.contains(argument(arguments), value);
      case "divisibleby" ->
          value instanceof Long number
              && argument(arguments) instanceof Long by
              && by != 0
              && number % by == 0;
      default -> throw new TemplateFailure("the test '" + name + "' is not known");
    };
  }

  private static Object argument(List<Object> arguments) {
    if (arguments.isEmpty()) {
      throw new TemplateFailure("a test lacks what to compare with");
    }
    return arguments.getFirst();
  }
}
