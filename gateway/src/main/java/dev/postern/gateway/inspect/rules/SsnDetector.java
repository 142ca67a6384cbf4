package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;
import org.jspecify.annotations.Nullable;

/**
 * United States social security numbers. Nine digits without hyphens count only after a word that
 * says what they are.
 */
final class SsnDetector implements Detector {
  private static final ContextWords CONTEXT =
      new ContextWords(48, "ssn", "social security", "social-security", "soc sec", "taxpayer");

  @Override
  public String name() {
    return "pii.ssn";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (text.digit(at) < 0 || text.alphanumeric(at - 1) || followsNumber(text, at)) {
        continue;
      }
      var scan = candidate(text, at);
      if (scan != null) {
        return scan;
      }
    }
    return new Scan.Clear(text.length());
  }

  private static @Nullable Scan candidate(Window text, int start) {
    int number = 0;
    int digits = 0;
    char separator = 0;
    int at = start;
    while (digits < 9) {
      if (at == text.length()) {
        return text.complete() ? null : new Scan.Clear(start);
      }
      int digit = text.digit(at);
      if (digit >= 0) {
        if (digits == 5 && separator != 0 && text.digit(at - 1) >= 0) {
          return null;
        }
        number = number * 10 + digit;
        digits++;
      } else {
        char character = text.at(at);
        boolean opens = digits == 3 && separator == 0 && isSeparator(character);
        boolean repeats = digits == 5 && character == separator && text.digit(at - 1) >= 0;
        if (!opens && !repeats) {
          return null;
        }
        separator = character;
      }
      at++;
    }
    // One character says whether the number goes on, a second whether a separator does.
    if (!text.complete() && at + 1 >= text.length()) {
      return new Scan.Clear(start);
    }
    if (text.alphanumeric(at) || goesOn(text, at) || !isAssignable(number)) {
      return null;
    }
    return separator == '-' || CONTEXT.before(text, start) ? Scan.Match.closed(start, at) : null;
  }

  private static boolean goesOn(Window text, int at) {
    return at + 1 < text.length()
        && (isSeparator(text.at(at)) && text.at(at) != ' ')
        && text.digit(at + 1) >= 0;
  }

  private static boolean followsNumber(Window text, int at) {
    return at >= 2
        && (isSeparator(text.at(at - 1)) && text.at(at - 1) != ' ')
        && text.digit(at - 2) >= 0;
  }

  private static boolean isAssignable(int number) {
    int area = number / 1_000_000;
    int group = number / 10_000 % 100;
    int serial = number % 10_000;
    return area != 0 && area != 666 && area < 900 && group != 0 && serial != 0;
  }

  private static boolean isSeparator(char character) {
    return character == '-' || character == ' ' || character == '.';
  }
}
