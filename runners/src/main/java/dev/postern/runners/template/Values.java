package dev.postern.runners.template;

import static java.util.stream.Collectors.joining;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Python's view of values. A value is a String, Long, Double, Boolean, List, Map with text keys,
 * {@link #NONE}, {@link #UNDEFINED}, a {@link Namespace} or a {@link Function}.
 */
final class Values {
  static final Object NONE =
      new Object() {
        @Override
        public String toString() {
          return "None";
        }
      };

  static final Object UNDEFINED =
      new Object() {
        @Override
        public String toString() {
          return "";
        }
      };

  /** Most members of a list, and most characters of a text that is taken apart. */
  static final int MAX_ITEMS = 100_000;

  /** Most characters of a text. */
  static final int MAX_TEXT = 1 << 24;

  /** The one kind of value a template can change; it may hold itself, so it has no contents. */
  static final class Namespace {
    private final Map<String, Object> members;

    Namespace(Map<String, Object> members) {
      this.members = members;
    }

    Map<String, Object> members() {
      return members;
    }

    @Override
    public String toString() {
      return "<Namespace>";
    }
  }

  /** What can be called. */
  @FunctionalInterface
  interface Function {
    Object call(List<Object> positional, Map<String, Object> named);
  }

  private Values() {}

  static boolean truth(Object value) {
    return switch (value) {
      case Boolean bool -> bool;
      case String text -> !text.isEmpty();
      case Long number -> number != 0;
      case Double number -> number != 0;
      case List<?> list -> !list.isEmpty();
      case Map<?, ?> map -> !map.isEmpty();
      default -> value != NONE && value != UNDEFINED;
    };
  }

  /** As printed. */
  static String text(Object value) {
    return switch (value) {
      case String text -> text;
      case Boolean bool -> bool ? "True" : "False";
      case List<?> _, Map<?, ?> _ -> Json.python(value);
      default -> value.toString();
    };
  }

  static boolean equal(Object left, Object right) {
    if (left instanceof Number a && right instanceof Number b) {
      return a.doubleValue() == b.doubleValue();
    }
    return left.equals(right);
  }

  static int compare(Object left, Object right) {
    if (left instanceof Number a && right instanceof Number b) {
      return Double.compare(a.doubleValue(), b.doubleValue());
    }
    if (left instanceof String a && right instanceof String b) {
      return a.compareTo(b);
    }
    throw new TemplateFailure("two values cannot be compared");
  }

  static boolean contains(Object container, Object item) {
    return switch (container) {
      case String text -> item instanceof String part && text.contains(part);
      case List<?> list -> list.stream().anyMatch(member -> equal(member, item));
      case Map<?, ?> map -> item instanceof String key && map.containsKey(key);
      default -> {
        if (container == UNDEFINED) {
          yield false;
        }
        throw new TemplateFailure("'in' is asked of something that holds nothing");
      }
    };
  }

  static List<Object> items(Object value) {
    return switch (value) {
      case List<?> list -> new ArrayList<>(list);
      case Map<?, ?> map -> new ArrayList<>(map.keySet());
      case String text -> {
        if (text.length() > MAX_ITEMS) {
          throw new TemplateFailure("a text is too long to be taken apart");
        }
        yield new ArrayList<>(text.codePoints().mapToObj(Character::toString).toList());
      }
      default -> {
        if (value == UNDEFINED) {
          yield new ArrayList<>();
        }
        throw new TemplateFailure("a value cannot be looped over");
      }
    };
  }

  /** Subscripts; a missing one is undefined, as in Jinja. */
  static Object item(Object target, Object key) {
    if (target == UNDEFINED) {
      throw new TemplateFailure("a member is asked of something undefined");
    }
    return switch (target) {
      case Map<?, ?> map -> key instanceof String name ? member(map, name) : UNDEFINED;
      case Namespace namespace -> member(namespace.members(), text(key));
      case List<?> list -> {
        int index = index(key, list.size());
        yield index < 0 ? UNDEFINED : list.get(index);
      }
      case String text -> {
        int index = index(key, text.codePointCount(0, text.length()));
        yield index < 0 ? UNDEFINED : codePoints(text, index, index + 1);
      }
      default -> UNDEFINED;
    };
  }

  private static Object member(Map<?, ?> map, String name) {
    Object value = map.get(name);
    return value == null ? UNDEFINED : value;
  }

  /** Counts from the end when negative; -1 when outside. */
  private static int index(Object key, int size) {
    if (!(key instanceof Long number)) {
      return -1;
    }
    long index = number < 0 ? number + size : number;
    return index >= 0 && index < size ? (int) index : -1;
  }

  /** Python counts characters where Java counts halves of them. */
  private static String codePoints(String text, long from, long to) {
    int start = text.offsetByCodePoints(0, (int) from);
    return text.substring(start, text.offsetByCodePoints(start, (int) (to - from)));
  }

  static Object slice(Object target, Object start, Object stop, Object step) {
    long by = step instanceof Long number ? Math.clamp(number, -MAX_TEXT, MAX_TEXT) : 1;
    if (by == 0) {
      throw new TemplateFailure("a cut cannot go by 0");
    }
    if (target instanceof String text && by == 1) {
      int length = text.codePointCount(0, text.length());
      long first = bound(start, length, 0, false);
      return codePoints(text, first, Math.max(first, bound(stop, length, length, false)));
    }
    List<Object> items = items(target);
    int size = items.size();
    long from = bound(start, size, by > 0 ? 0 : size - 1, by < 0);
    long to = bound(stop, size, by > 0 ? size : -1, by < 0);
    List<Object> picked = new ArrayList<>();
    for (long i = from; by > 0 ? i < to : i > to; i += by) {
      picked.add(items.get((int) i));
    }
    return target instanceof String ? picked.stream().map(Values::text).collect(joining()) : picked;
  }

  private static long bound(Object value, int size, int otherwise, boolean backwards) {
    if (!(value instanceof Long number)) {
      return otherwise;
    }
    long index = number < 0 ? number + size : number;
    return backwards ? Math.clamp(index, -1, size - 1) : Math.clamp(index, 0, size);
  }

  /** Texts one after the other. */
  static String joined(List<Object> parts, String between) {
    List<String> texts = parts.stream().map(Values::text).toList();
    long length = texts.stream().mapToLong(String::length).sum();
    requireLength(length + (long) between.length() * texts.size());
    return String.join(between, texts);
  }

  static String replaced(String text, String old, String with) {
    long hits = old.isEmpty() ? text.length() + 1L : 0;
    for (int at = text.indexOf(old); !old.isEmpty() && at >= 0; at = text.indexOf(old, at)) {
      hits++;
      at += old.length();
    }
    requireLength(text.length() + hits * with.length());
    return text.replace(old, with);
  }

  static void requireLength(long characters) {
    if (characters > MAX_TEXT) {
      throw new TemplateFailure("the chat template's text is too long");
    }
  }

  static Map<String, Object> map() {
    return new LinkedHashMap<>();
  }
}
