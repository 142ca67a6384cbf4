package dev.postern.runners.grammar;

import java.util.ArrayList;
import java.util.List;

/**
 * The regular part of ECMA-262's patterns, as what a JSON string matching it may be. Not known:
 * what looks around, refers back or asks for word borders. A pattern is found anywhere in a string
 * unless {@code ^} and {@code $} say otherwise; both are understood at the ends of the pattern and
 * of its outermost alternatives.
 */
final class Regex {
  private static final int MOST_LENGTH = 1024;
  private static final int MOST_REPEATS = 1000;
  private static final int MOST_DEPTH = 50;
  private static final CodePoints DIGIT = CodePoints.of('0', '9');
  private static final CodePoints WORD =
      DIGIT.or(CodePoints.of('a', 'z')).or(CodePoints.of('A', 'Z')).or(CodePoints.of("_"));
  private static final CodePoints SPACE = CodePoints.of(" \t\n\r\f\u000b\u00a0\ufeff\u2028\u2029");
  private static final CodePoints ANY = CodePoints.of("\n\r\u2028\u2029").not();

  /** Why a pattern cannot be used. */
  static final class UnsupportedException extends RuntimeException {
    UnsupportedException(String message) {
      super(message, null, false, false);
    }
  }

  private final String pattern;
  private int at;
  private int depth;

  private Regex(String pattern) {
    this.pattern = pattern;
  }

  /** The characters of a matching string and the quote that ends it. */
  static Expression string(String pattern) {
    if (pattern.length() > MOST_LENGTH) {
      throw new UnsupportedException("has more than " + MOST_LENGTH + " characters");
    }
    var regex = new Regex(pattern);
    List<Expression> options = new ArrayList<>();
    do {
      options.add(regex.outermost());
    } while (regex.take('|'));
    if (regex.at < pattern.length()) {
      throw new UnsupportedException("has a ')' too many");
    }
    return Expression.sequence(new Expression.Choice(options), Expression.text("\""));
  }

  private Expression outermost() {
    boolean begins = take('^');
    Expression body = sequence();
    boolean ends = take('$');
    Expression anything = new Expression.Repeat(ANY.json(), 0, Expression.UNBOUNDED);
    return Expression.sequence(
        begins ? Expression.EMPTY : anything, body, ends ? Expression.EMPTY : anything);
  }

  private Expression alternatives() {
    if (++depth > MOST_DEPTH) {
      throw new UnsupportedException("is nested too deeply");
    }
    List<Expression> options = new ArrayList<>();
    do {
      options.add(sequence());
    } while (take('|'));
    depth--;
    return new Expression.Choice(options);
  }

  private Expression sequence() {
    List<Expression> parts = new ArrayList<>();
    while (at < pattern.length() && "|)".indexOf(pattern.charAt(at)) < 0 && !atLastDollar()) {
      parts.add(repeated(atom()));
    }
    return new Expression.Sequence(parts);
  }

  private boolean atLastDollar() {
    return depth == 0
        && pattern.charAt(at) == '$'
        && (at + 1 == pattern.length() || pattern.charAt(at + 1) == '|');
  }

  private Expression repeated(Expression atom) {
    Expression result = atom;
    while (at < pattern.length()) {
      int least;
      int most = Expression.UNBOUNDED;
      if (take('?')) {
        least = 0;
        most = 1;
      } else if (take('*')) {
        least = 0;
      } else if (take('+')) {
        least = 1;
      } else if (at + 1 < pattern.length()
          && pattern.charAt(at) == '{'
          && Character.isDigit(pattern.charAt(at + 1))) {
        at++;
        least = number();
        if (!take(',')) {
          most = least;
        } else if (pattern.startsWith("}", at)) {
          most = Expression.UNBOUNDED;
        } else {
          most = number();
        }
        expect('}');
        if (most < least) {
          throw new UnsupportedException("repeats at most " + most + " but at least " + least);
        }
      } else {
        return result;
      }
      // Greedy or not: the same strings match.
      take('?');
      result = new Expression.Repeat(result, least, most);
    }
    return result;
  }

  private int number() {
    int from = at;
    while (at < pattern.length() && Character.isDigit(pattern.charAt(at)) && at - from < 5) {
      at++;
    }
    int number = from == at ? Integer.MAX_VALUE : Integer.parseInt(pattern, from, at, 10);
    if (number > MOST_REPEATS) {
      throw new UnsupportedException("repeats more than " + MOST_REPEATS + " times");
    }
    return number;
  }

  private Expression atom() {
    if (take('(')) {
      if (take('?') && !take(':')) {
        if (!pattern.startsWith("<", at) || "=!".indexOf(pattern.charAt(at + 1)) >= 0) {
          throw new UnsupportedException("looks around, which is not supported");
        }
        int close = pattern.indexOf('>', at);
        if (close < 0) {
          throw new UnsupportedException("has a group whose name does not end");
        }
        at = close + 1;
      }
      Expression group = alternatives();
      expect(')');
      return group;
    }
    if (take('[')) {
      return nonEmpty(characterClass()).json();
    }
    if (take('.')) {
      return ANY.json();
    }
    char next = pattern.charAt(at);
    if ("^$*+?".indexOf(next) >= 0) {
      throw new UnsupportedException("has '%s' where it is not supported".formatted(next));
    }
    if (take('\\')) {
      return nonEmpty(escape(false)).json();
    }
    return CodePoints.of(point(), pattern.codePointBefore(at)).json();
  }

  private static CodePoints nonEmpty(CodePoints points) {
    if (points.isEmpty()) {
      throw new UnsupportedException("has a class of no characters");
    }
    return points;
  }

  private int point() {
    int point = pattern.codePointAt(at);
    at += Character.charCount(point);
    return point;
  }

  private CodePoints characterClass() {
    boolean negated = take('^');
    CodePoints all = CodePoints.none();
    while (!take(']')) {
      requireMore();
      int from = at;
      CodePoints low =
          take('\\') ? escape(true) : CodePoints.of(point(), pattern.codePointBefore(at));
      boolean range =
          at + 1 < pattern.length() && pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']';
      if (range) {
        int first = single(low, from);
        at++;
        int second = at;
        CodePoints high =
            take('\\') ? escape(true) : CodePoints.of(point(), pattern.codePointBefore(at));
        int last = single(high, second);
        if (last < first) {
          throw new UnsupportedException("has a range that runs backwards");
        }
        low = CodePoints.of(first, last);
      }
      all = all.or(low);
    }
    return negated ? all.not() : all;
  }

  private int single(CodePoints points, int from) {
    int only = points.only();
    if (only < 0) {
      throw new UnsupportedException(
          "has a range from or to '%s'".formatted(pattern.substring(from, at)));
    }
    return only;
  }

  private CodePoints escape(boolean inClass) {
    requireMore();
    char letter = pattern.charAt(at++);
    return switch (letter) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> SPACE;
      case 'S' -> SPACE.not();
      case 'n' -> CodePoints.of("\n");
      case 't' -> CodePoints.of("\t");
      case 'r' -> CodePoints.of("\r");
      case 'f' -> CodePoints.of("\f");
      case 'v' -> CodePoints.of("\u000b");
      case 'x' -> hexadecimal(2);
      case 'u' -> hexadecimal(4);
      case 'b' -> {
        if (inClass) {
          yield CodePoints.of("\b");
        }
        throw new UnsupportedException("asks for a word border, which is not supported");
      }
      default -> {
        if (Character.isLetterOrDigit(letter)) {
          throw new UnsupportedException("has '\\%s', which is not supported".formatted(letter));
        }
        yield CodePoints.of(letter, letter);
      }
    };
  }

  private CodePoints hexadecimal(int digits) {
    try {
      int point = Integer.parseUnsignedInt(pattern, at, at + digits, 16);
      at += digits;
      return CodePoints.of(point, point);
    } catch (NumberFormatException | IndexOutOfBoundsException e) {
      throw new UnsupportedException("has an escape that is not hexadecimal");
    }
  }

  private boolean take(char wanted) {
    if (at < pattern.length() && pattern.charAt(at) == wanted) {
      at++;
      return true;
    }
    return false;
  }

  private void expect(char wanted) {
    if (!take(wanted)) {
      throw new UnsupportedException("lacks a '%s'".formatted(wanted));
    }
  }

  private void requireMore() {
    if (at >= pattern.length()) {
      throw new UnsupportedException("ends too early");
    }
  }
}
