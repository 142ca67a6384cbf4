package dev.postern.runners.template;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/** Methods of Python's texts and mappings. None changes its target. */
final class Methods {
  private static final Set<String> OF_TEXT =
      Set.of(
          "strip",
          "lstrip",
          "rstrip",
          "startswith",
          "endswith",
          "split",
          "upper",
          "lower",
          "title",
          "capitalize",
          "replace",
          "join",
          "find");
  private static final Set<String> OF_MAP = Set.of("items", "keys", "values", "get");

  private Methods() {}

  static boolean has(Object target, String name) {
    return switch (target) {
      case String _ -> OF_TEXT.contains(name);
      case Map<?, ?> _ -> OF_MAP.contains(name);
      default -> false;
    };
  }

  static Object ofText(String text, String name, CallArguments arguments) {
    return switch (name) {
      case "strip" -> strip(text, arguments, true, true);
      case "lstrip" -> strip(text, arguments, true, false);
      case "rstrip" -> strip(text, arguments, false, true);
      case "startswith" -> affixes(arguments).stream().anyMatch(text::startsWith);
      case "endswith" -> affixes(arguments).stream().anyMatch(text::endsWith);
      case "split" -> split(text, arguments);
      case "upper" -> text.toUpperCase(Locale.ROOT);
      case "lower" -> text.toLowerCase(Locale.ROOT);
      case "title" ->
          Pattern.compile("\\p{L}+").matcher(text).replaceAll(word -> capital(word.group()));
      case "capitalize" -> capital(text);
      case "replace" ->
          Values.replaced(
              text,
              Values.text(arguments.value(0, "old", "")),
              Values.text(arguments.value(1, "new", "")));
      case "join" -> Values.joined(Values.items(arguments.value(0, "iterable", List.of())), text);
      case "find" -> (long) text.indexOf(Values.text(arguments.value(0, "sub", "")));
      default -> throw new TemplateFailure("a text has no method '" + name + "'");
    };
  }

  private static List<String> affixes(CallArguments arguments) {
    Object affix = arguments.value(0, "prefix", "");
    return affix instanceof List<?> several
        ? several.stream().map(Values::text).toList()
        : List.of(Values.text(affix));
  }

  private static String capital(String text) {
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toUpperCase(Locale.ROOT)
            + text.substring(1).toLowerCase(Locale.ROOT);
  }

  static String strip(String text, CallArguments arguments, boolean left, boolean right) {
    Object given = arguments.value(0, "chars", Values.NONE);
    String characters = given instanceof String some ? some : " \t\n\r\f\u000b\u0085\u00a0";
    int from = 0;
    int to = text.length();
    while (left && from < to && characters.indexOf(text.charAt(from)) >= 0) {
      from++;
    }
    while (right && to > from && characters.indexOf(text.charAt(to - 1)) >= 0) {
      to--;
    }
    return text.substring(from, to);
  }

  private static List<Object> split(String text, CallArguments arguments) {
    Object separator = arguments.value(0, "sep", Values.NONE);
    long most = arguments.whole(1, "maxsplit", -1);
    int limit = most < 0 ? -1 : (int) Math.min(most + 1, Integer.MAX_VALUE);
    if (separator instanceof String sign && !sign.isEmpty()) {
      return new ArrayList<>(Arrays.asList(text.split(Pattern.quote(sign), limit)));
    }
    String stripped = text.strip();
    return stripped.isEmpty()
        ? new ArrayList<>()
        : new ArrayList<>(Arrays.asList(stripped.split("\\s+", limit)));
  }

  /** A mapping's entries, sorted by key or by value. */
  static List<Object> sortedEntries(Map<?, ?> map, CallArguments arguments) {
    boolean exactly = Values.truth(arguments.value(0, "case_sensitive", false));
    boolean byValue = arguments.value(1, "by", "key").equals("value");
    Comparator<Map.Entry<?, ?>> order =
        (left, right) -> {
          Object a = byValue ? left.getValue() : left.getKey();
          Object b = byValue ? right.getValue() : right.getKey();
          return Values.compare(exactly ? a : Filters.folded(a), exactly ? b : Filters.folded(b));
        };
    boolean reverse = Values.truth(arguments.value(2, "reverse", false));
    List<Object> entries = new ArrayList<>();
    map.entrySet().stream()
        .sorted(reverse ? order.reversed() : order)
        .forEach(entry -> entries.add(List.of(entry.getKey(), entry.getValue())));
    return entries;
  }

  static Object ofMap(Map<?, ?> map, String name, CallArguments arguments) {
    return switch (name) {
      case "items" -> {
        List<Object> entries = new ArrayList<>();
        map.forEach((key, value) -> entries.add(List.of(key, value)));
        yield entries;
      }
      case "keys" -> new ArrayList<Object>(map.keySet());
      case "values" -> new ArrayList<Object>(map.values());
      case "get" -> {
        Object found = map.get(arguments.value(0, "key", ""));
        yield found == null ? arguments.value(1, "default", Values.NONE) : found;
      }
      default -> throw new TemplateFailure("a mapping has no method '" + name + "'");
    };
  }
}
