package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;
import org.jspecify.annotations.Nullable;

/**
 * Telephone numbers: international ones, and national ones in the groupings people write. Digits
 * that could be anything count only after a word such as "phone" or "call".
 */
final class PhoneDetector implements Detector {
  private static final int MAX_LENGTH = 40;
  private static final ContextWords CONTEXT =
      new ContextWords(
          32,
          "phone",
          "telephone",
          "tel",
          "mobile",
          "cell",
          "fax",
          "call",
          "whatsapp",
          "sms",
          "text me",
          "reach me",
          "hotline",
          "telefon",
          "handy",
          "móvil",
          "portable");

  @Override
  public String name() {
    return "pii.phone";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (!mayStart(text, at)) {
        continue;
      }
      var number = PhoneNumber.read(text, at, MAX_LENGTH);
      if (number.end() == text.length() && number.end() - at < MAX_LENGTH && !text.complete()) {
        return new Scan.Clear(at);
      }
      int end = end(text, number);
      if (end > 0) {
        var scan = withExtension(text, at, end);
        if (scan != null) {
          return scan;
        }
      }
    }
    return new Scan.Clear(text.length());
  }

  private static boolean mayStart(Window text, int at) {
    char character = text.at(at);
    if (text.digit(at) < 0 && character != '+' && character != '(') {
      return false;
    }
    if (at == 0) {
      return true;
    }
    char before = text.at(at - 1);
    if (Character.isLetterOrDigit(before) || "_+$€£#%=&".indexOf(before) >= 0) {
      return false;
    }
    boolean joined = before == '-' || before == '.' || before == ',' || before == '/';
    return !(joined && text.alphanumeric(at - 2)) && !(before == '(' && character != '+');
  }

  private static int end(Window text, PhoneNumber number) {
    int end = number.plus() ? number.international() : number.northAmerican();
    if (end < 0
        && !number.looksLikeDate()
        && !number.looksLikeSocialSecurityNumber()
        && !number.goesOn()
        && !followsDigits(text, number)) {
      boolean valid =
          number.isNational() || (number.isPlausible() && CONTEXT.before(text, number.start()));
      end = valid ? number.lastDigitEnd() : -1;
    }
    return end;
  }

  private static boolean followsDigits(Window text, PhoneNumber number) {
    int start = number.start();
    return start >= 2 && text.at(start - 1) == ' ' && text.digit(start - 2) >= 0;
  }

  private static @Nullable Scan withExtension(Window text, int start, int end) {
    int at = end;
    if (at < text.length() && text.at(at) == ' ') {
      at++;
    }
    if (text.startsWith(at, "ext")) {
      at += 3;
      while (at < text.length() && at < end + 6 && (text.at(at) == '.' || text.at(at) == ' ')) {
        at++;
      }
    } else if (text.startsWith(at, "x")) {
      at++;
    } else if (!text.complete() && at + 3 > text.length() && isPrefixOfExt(text, at)) {
      return new Scan.Clear(start);
    } else {
      return text.alphanumeric(end) ? null : Scan.Match.closed(start, end);
    }
    int digits = at;
    while (at < text.length() && at - digits < 6 && text.digit(at) >= 0) {
      at++;
    }
    if (at == text.length() && at - digits < 6 && !text.complete()) {
      return new Scan.Clear(start);
    }
    if (at > digits) {
      return Scan.Match.closed(start, at);
    }
    return text.alphanumeric(end) ? null : Scan.Match.closed(start, end);
  }

  private static boolean isPrefixOfExt(Window text, int at) {
    for (int i = at; i < text.length(); i++) {
      if (Character.toLowerCase(text.at(i)) != "ext".charAt(i - at)) {
        return false;
      }
    }
    return true;
  }
}
