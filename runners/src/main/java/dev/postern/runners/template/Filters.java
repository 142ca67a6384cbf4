package dev.postern.runners.template;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What may stand after {@code |}. */
final class Filters {
  private static final Set<String> NAMES =
      Set.of(
          "trim",
          "length",
          "count",
          "tojson",
          "default",
          "d",
          "join",
          "upper",
          "lower",
          "title",
          "capitalize",
          "string",
          "int",
          "float",
          "first",
          "last",
          "list",
          "items",
          "map",
          "select",
          "reject",
          "selectattr",
          "rejectattr",
          "replace",
          "safe",
          "reverse",
          "indent",
          "dictsort",
          "sort",
          "unique",
          "min",
          "max",
          "sum",
          "abs",
          "round");

  private Filters() {}

  static String known(String name) {
    if (!NAMES.contains(name)) {
      throw new TemplateSyntaxException("the filter '" + name + "' is not known");
    }
    return name;
  }

  static Object apply(
      String name, Object value, List<Object> positional, Map<String, Object> named) {
    var arguments = new CallArguments(positional, named);
    return switch (name) {
      case "trim" -> Methods.strip(Values.text(value), arguments, true, true);
      case "length", "count" -> length(value);
      case "tojson" -> Json.json(value, (int) arguments.whole(0, "indent", 0));
      case "default", "d" -> {
        boolean alsoFalse = Values.truth(arguments.value(1, "boolean", false));
        boolean missing = value == Values.UNDEFINED || alsoFalse && !Values.truth(value);
        yield missing ? arguments.value(0, "default_value", "") : value;
      }
      case "join" -> Values.joined(Values.items(value), Values.text(arguments.value(0, "d", "")));
      case "upper", "lower", "title", "capitalize" ->
          Methods.ofText(Values.text(value), name, CallArguments.NONE);
      case "replace" -> Methods.ofText(Values.text(value), name, arguments);
      case "string", "safe" -> Values.text(value);
      case "int" -> whole(value);
      case "float" -> value instanceof Number number ? number.doubleValue() : 0.0;
      case "first" -> Values.items(value).stream().findFirst().orElse(Values.UNDEFINED);
      case "last" -> {
        List<Object> items = Values.items(value);
        yield items.isEmpty() ? Values.UNDEFINED : items.getLast();
      }
      case "list" -> Values.items(value);
      case "items" -> Methods.ofMap(map(value), "items", CallArguments.NONE);
      case "reverse" ->
          value instanceof String text
              ? new StringBuilder(text).reverse().toString()
              : Values.items(value).reversed();
      case "map" -> mapped(value, arguments);
      case "select", "reject" -> picked(value, null, arguments, 0, name.equals("select"));
      case "selectattr", "rejectattr" ->
          picked(
              value,
              Values.text(arguments.value(0, "attribute", "")),
              arguments,
              1,
              name.equals("selectattr"));
      case "indent" -> indent(Values.text(value), arguments);
      case "dictsort" -> Methods.sortedEntries(map(value), arguments);
      case "sort" -> sorted(value, arguments);
      case "unique" -> unique(Values.items(value), arguments);
      case "min" -> Values.items(value).stream().min(Values::compare).orElse(Values.UNDEFINED);
      case "max" -> Values.items(value).stream().max(Values::compare).orElse(Values.UNDEFINED);
      case "sum" -> Values.items(value).stream().reduce(0L, (a, b) -> Arithmetic.apply("+", a, b));
      case "abs" ->
          value instanceof Long number ? (Object) Math.abs(number) : Math.abs(real(value));
      case "round" -> rounded(real(value), arguments.whole(0, "precision", 0));
      default -> throw new TemplateFailure("the filter '" + name + "' is not known");
    };
  }

  static long length(Object value) {
    return switch (value) {
      case String text -> text.codePointCount(0, text.length());
      case List<?> list -> list.size();
      case Map<?, ?> map -> map.size();
      default -> {
        if (value == Values.UNDEFINED) {
          yield 0;
        }
        throw new TemplateFailure("a value has no length");
      }
    };
  }

  private static Map<?, ?> map(Object value) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new TemplateFailure("a value has no entries");
  }

  private static List<Object> sorted(Object value, CallArguments arguments) {
    Object attribute = arguments.value(2, "attribute", Values.NONE);
    boolean reverse = Values.truth(arguments.value(0, "reverse", false));
    Comparator<Object> order =
        (left, right) ->
            Values.compare(
                folded(attributeOf(left, attribute)), folded(attributeOf(right, attribute)));
    return Values.items(value).stream().sorted(reverse ? order.reversed() : order).toList();
  }

  private static List<Object> unique(List<Object> items, CallArguments arguments) {
    Object attribute = arguments.value(1, "attribute", Values.NONE);
    Set<Object> seen = new HashSet<>();
    return items.stream().filter(item -> seen.add(folded(attributeOf(item, attribute)))).toList();
  }

  private static Object attributeOf(Object item, Object attribute) {
    return attribute == Values.NONE ? item : Values.item(item, attribute);
  }

  /** Jinja sorts and compares texts without regard to case. */
  static Object folded(Object value) {
    return value instanceof String text ? text.toLowerCase(Locale.ROOT) : value;
  }

  private static double real(Object value) {
    if (value instanceof Number number) {
      return number.doubleValue();
    }
    throw new TemplateFailure("a value is not a number");
  }

  private static double rounded(double value, long precision) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return value;
    }
    int digits = Math.clamp(precision, -300, 300);
    return new BigDecimal(value).setScale(digits, RoundingMode.HALF_EVEN).doubleValue();
  }

  private static long whole(Object value) {
    return switch (value) {
      case Number number -> number.longValue();
      case Boolean bool -> bool ? 1 : 0;
      case String text when text.strip().matches("-?\\d{1,18}") -> Long.parseLong(text.strip());
      default -> 0;
    };
  }

  private static Object mapped(Object value, CallArguments arguments) {
    Object attribute = arguments.value(Integer.MAX_VALUE, "attribute", Values.UNDEFINED);
    List<Object> results = new ArrayList<>();
    for (Object item : Values.items(value)) {
      results.add(
          attribute == Values.UNDEFINED
              ? apply(
                  known(Values.text(arguments.value(0, "filter", ""))), item, List.of(), Map.of())
              : Values.item(item, attribute));
    }
    return results;
  }

  private static Object picked(
      Object value,
      @Nullable String attribute,
      CallArguments arguments,
      int testAt,
      boolean wanted) {
    Object test = arguments.value(testAt, "test", Values.UNDEFINED);
    List<Object> rest = arguments.from(testAt + 1);
    List<Object> results = new ArrayList<>();
    for (Object item : Values.items(value)) {
      Object tested = attribute == null ? item : Values.item(item, attribute);
      boolean holds =
          test == Values.UNDEFINED
              ? Values.truth(tested)
              : Tests.holds(Values.text(test), tested, rest);
      if (holds == wanted) {
        results.add(item);
      }
    }
    return results;
  }

  private static String indent(String text, CallArguments arguments) {
    String blanks = " ".repeat(Math.clamp(arguments.whole(0, "width", 4), 0, 64));
    boolean first = Values.truth(arguments.value(1, "first", false));
    long lines = text.chars().filter(character -> character == '\n').count();
    Values.requireLength(text.length() + (lines + 1) * blanks.length());
    String indented = text.replaceAll("\n(?!\n|$)", "\n" + blanks);
    return first ? blanks + indented : indented;
  }
}
