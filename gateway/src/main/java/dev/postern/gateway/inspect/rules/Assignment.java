package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Window;
import org.jspecify.annotations.Nullable;

/**
 * What stands before a value: {@code name = value}, {@code "name": "value"}, {@code <name>value} or
 * "the name is value".
 *
 * @param name letters and digits of the name, in lower case, without what separates its words
 * @param quoted whether a quote opens the value
 */
record Assignment(String name, Operator operator, boolean quoted) {
  private static final int MAX_NAME = 32;
  private static final int MAX_GAP = 4;

  enum Operator {
    EQUALS,
    COLON,
    IS
  }

  /** The assignment whose value begins at a position, or null. */
  static @Nullable Assignment before(Window text, int value) {
    int lowest = Math.max(0, value - Window.CONTEXT + 1);
    int at = value;
    boolean quoted = false;
    while (at > lowest && value - at < MAX_GAP && isGap(text.at(at - 1))) {
      quoted |= text.at(at - 1) != ' ';
      at--;
    }
    Operator operator;
    int end = at;
    while (at > lowest && end - at < 3 && "=:>".indexOf(text.at(at - 1)) >= 0) {
      at--;
    }
    if (at < end) {
      operator = text.at(end - 1) == ':' ? Operator.COLON : Operator.EQUALS;
    } else if (at < value
        && at - 2 > lowest
        && text.startsWith(at - 2, "is")
        && text.at(at - 3) == ' ') {
      operator = Operator.IS;
      at -= 2;
    } else {
      return null;
    }
    int gap = at;
    while (at > lowest && gap - at < MAX_GAP && isGap(text.at(at - 1))) {
      at--;
    }
    var name = new StringBuilder();
    while (at > lowest && name.length() < MAX_NAME) {
      char character = text.at(at - 1);
      if (Character.isLetterOrDigit(character)) {
        name.append(Character.toLowerCase(character));
      } else if (character != '_' && character != '-' && character != ' ' && character != '.') {
        break;
      }
      at--;
    }
    return new Assignment(name.reverse().toString(), operator, quoted);
  }

  private static boolean isGap(char character) {
    return character == ' '
        || character == '"'
        || character == '\''
        || character == '`'
        || character == '\\';
  }
}
