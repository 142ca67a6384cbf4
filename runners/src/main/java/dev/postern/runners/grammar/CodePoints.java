package dev.postern.runners.grammar;

import dev.postern.runners.grammar.Expression.Range;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A set of Unicode characters, and how a JSON string writes them. */
final class CodePoints {
  private static final int MOST = Character.MAX_CODE_POINT;
  private static final String SHORT_ESCAPES = "\b\f\n\r\t";
  private static final String SHORT_LETTERS = "bfnrt";

  private record Span(int low, int high) {}

  private final List<Span> spans;

  private CodePoints(List<Span> spans) {
    this.spans = spans;
  }

  static CodePoints of(int low, int high) {
    return new CodePoints(List.of(new Span(low, high)));
  }

  static CodePoints of(String characters) {
    return new CodePoints(
        characters.codePoints().mapToObj(point -> new Span(point, point)).toList());
  }

  static CodePoints none() {
    return new CodePoints(List.of());
  }

  CodePoints or(CodePoints other) {
    List<Span> both = new ArrayList<>(spans);
    both.addAll(other.spans);
    return new CodePoints(both);
  }

  CodePoints not() {
    List<Span> sorted = new ArrayList<>(spans);
    sorted.sort((one, two) -> Integer.compare(one.low(), two.low()));
    List<Span> rest = new ArrayList<>();
    int from = 0;
    for (Span span : sorted) {
      if (span.low() > from) {
        rest.add(new Span(from, span.low() - 1));
      }
      from = Math.max(from, span.high() + 1);
    }
    if (from <= MOST) {
      rest.add(new Span(from, MOST));
    }
    return new CodePoints(rest);
  }

  /** The only one, or -1. */
  int only() {
    return spans.size() == 1 && spans.getFirst().low() == spans.getFirst().high()
        ? spans.getFirst().low()
        : -1;
  }

  boolean isEmpty() {
    return spans.isEmpty();
  }

  /** The bytes of any one of them in a JSON string; control characters only where escaped. */
  Expression json() {
    List<Expression> options = new ArrayList<>();
    for (Span span : spans) {
      for (int point = span.low(); point <= Math.min(span.high(), 0x1f); point++) {
        options.add(control(point));
      }
      addIf(options, span, '"', Expression.text("\\\""));
      addIf(options, span, '\\', Expression.text("\\\\"));
      addBytes(options, span, 0x20, '"' - 1);
      addBytes(options, span, '"' + 1, '\\' - 1);
      addBytes(options, span, '\\' + 1, 0x7f);
      addBytes(options, span, 0x80, 0x7ff);
      addBytes(options, span, 0x800, Character.MIN_SURROGATE - 1);
      addBytes(options, span, Character.MAX_SURROGATE + 1, 0xffff);
      addBytes(options, span, 0x10000, MOST);
    }
    return new Expression.Choice(options);
  }

  private static Expression control(int point) {
    int known = SHORT_ESCAPES.indexOf(point);
    return Expression.text(
        known >= 0 ? "\\" + SHORT_LETTERS.charAt(known) : "\\u%04x".formatted(point));
  }

  private static void addIf(List<Expression> options, Span span, int point, Expression written) {
    if (span.low() <= point && point <= span.high()) {
      options.add(written);
    }
  }

  private static void addBytes(List<Expression> options, Span span, int low, int high) {
    int from = Math.max(span.low(), low);
    int to = Math.min(span.high(), high);
    if (from <= to) {
      addUtf8(options, new int[0], utf8(from), utf8(to));
    }
  }

  /** All byte strings between two of one length, cut where a byte's rest is not its whole range. */
  private static void addUtf8(List<Expression> options, int[] prefix, int[] low, int[] high) {
    int at = prefix.length;
    if (at == low.length) {
      options.add(bytes(prefix, prefix));
      return;
    }
    if (isLowest(low, at + 1) && isHighest(high, at + 1)) {
      int[] from = low.clone();
      int[] to = high.clone();
      System.arraycopy(prefix, 0, from, 0, at);
      System.arraycopy(prefix, 0, to, 0, at);
      options.add(bytes(from, to));
      return;
    }
    if (low[at] == high[at]) {
      addUtf8(options, with(prefix, low[at]), low, high);
      return;
    }
    addUtf8(options, with(prefix, low[at]), low, highest(low, at));
    if (low[at] + 1 < high[at]) {
      int[] from = lowest(low, at, low[at] + 1);
      int[] to = highest(high, at);
      to[at] = high[at] - 1;
      addUtf8(options, prefix, from, to);
    }
    addUtf8(options, with(prefix, high[at]), lowest(high, at, high[at]), high);
  }

  private static int[] with(int[] prefix, int next) {
    int[] longer = Arrays.copyOf(prefix, prefix.length + 1);
    longer[prefix.length] = next;
    return longer;
  }

  private static int[] lowest(int[] bytes, int at, int value) {
    int[] result = bytes.clone();
    result[at] = value;
    Arrays.fill(result, at + 1, result.length, 0x80);
    return result;
  }

  private static int[] highest(int[] bytes, int at) {
    int[] result = bytes.clone();
    Arrays.fill(result, at + 1, result.length, 0xbf);
    return result;
  }

  private static boolean isLowest(int[] bytes, int from) {
    return Arrays.stream(bytes, from, bytes.length).allMatch(b -> b == 0x80);
  }

  private static boolean isHighest(int[] bytes, int from) {
    return Arrays.stream(bytes, from, bytes.length).allMatch(b -> b == 0xbf);
  }

  private static Expression bytes(int[] low, int[] high) {
    List<Expression> parts = new ArrayList<>();
    for (int i = 0; i < low.length; i++) {
      parts.add(new Range(low[i], high[i]));
    }
    return new Expression.Sequence(parts);
  }

  private static int[] utf8(int point) {
    byte[] bytes = Character.toString(point).getBytes(StandardCharsets.UTF_8);
    int[] result = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      result[i] = bytes[i] & 0xff;
    }
    return result;
  }
}
