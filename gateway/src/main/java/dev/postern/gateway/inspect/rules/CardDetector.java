package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;
import org.jspecify.annotations.Nullable;

/**
 * Payment card numbers: 13 to 19 digits, alone or in groups, of a known issuer and with a valid
 * Luhn digit. The twelve digits of an old Maestro card count only after a word such as "card".
 */
final class CardDetector implements Detector {
  private static final int MIN_DIGITS = 12;
  private static final int MIN_DIGITS_ALONE = 13;
  private static final int MAX_DIGITS = 19;
  private static final ContextWords CONTEXT =
      new ContextWords(32, "card", "maestro", "debit", "credit");

  @Override
  public String name() {
    return "pii.card";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      int first = text.digit(at);
      if (first < 1 || first > 6 || text.alphanumeric(at - 1) || isFraction(text, at)) {
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
    int[] digits = new int[MAX_DIGITS];
    int count = 0;
    int groupLength = 0;
    int smallestGroup = Integer.MAX_VALUE;
    int largestGroup = 0;
    int end = -1;
    int at = start;
    while (true) {
      if (at == text.length() && !text.complete()) {
        return new Scan.Clear(start);
      }
      int digit = at < text.length() ? text.digit(at) : -1;
      if (digit >= 0) {
        if (count == MAX_DIGITS) {
          break;
        }
        digits[count++] = digit;
        groupLength++;
        at++;
        continue;
      }
      boolean lastMayBeShort = smallestGroup >= 3 || smallestGroup == largestGroup;
      if (count >= MIN_DIGITS
          && lastMayBeShort
          && !text.alphanumeric(at)
          && (count >= MIN_DIGITS_ALONE || CONTEXT.before(text, start))
          && PaymentCards.valid(digits, count)) {
        end = at;
      }
      smallestGroup = Math.min(smallestGroup, groupLength);
      largestGroup = Math.max(largestGroup, groupLength);
      groupLength = 0;
      if (at == text.length() || !isSeparator(text.at(at))) {
        break;
      }
      at++;
      if (at == text.length() ? text.complete() : text.digit(at) < 0) {
        break;
      }
    }
    return end < 0 ? null : Scan.Match.closed(start, end);
  }

  private static boolean isFraction(Window text, int at) {
    return at >= 2 && (text.at(at - 1) == '.' || text.at(at - 1) == ',') && text.digit(at - 2) >= 0;
  }

  private static boolean isSeparator(char character) {
    return character == ' ' || character == '-' || character == '\u00a0' || character == '\u2011';
  }
}
