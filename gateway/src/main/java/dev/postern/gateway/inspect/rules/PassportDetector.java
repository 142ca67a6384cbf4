package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;

/** Passport numbers: six to nine letters and digits, mostly digits, after the word passport. */
final class PassportDetector implements Detector {
  private static final int MIN_LENGTH = 6;
  private static final int MAX_LENGTH = 9;
  private static final int MIN_DIGITS = 5;
  private static final ContextWords CONTEXT =
      new ContextWords(
          48, "passport", "passeport", "reisepass", "pasaporte", "passaporto", "paszport");

  @Override
  public String name() {
    return "pii.passport";
  }

  @Override
  public Scan next(Window text, int from) {
    int at = from;
    while (at < text.length()) {
      if (!text.alphanumeric(at) || text.alphanumeric(at - 1)) {
        at++;
        continue;
      }
      int digits = 0;
      int run = at;
      while (run - at <= MAX_LENGTH && isNumber(text, run)) {
        digits += text.digit(run) >= 0 ? 1 : 0;
        run++;
      }
      if (run == text.length() && run - at <= MAX_LENGTH && !text.complete()) {
        return new Scan.Clear(CONTEXT.before(text, at) ? at : text.length());
      }
      int length = run - at;
      if (length >= MIN_LENGTH
          && length <= MAX_LENGTH
          && digits >= MIN_DIGITS
          && !text.alphanumeric(run)
          && CONTEXT.before(text, at)) {
        return Scan.Match.closed(at, run);
      }
      at = Math.max(run, at + 1);
    }
    return new Scan.Clear(text.length());
  }

  private static boolean isNumber(Window text, int at) {
    return at < text.length()
        && (text.digit(at) >= 0 || (text.at(at) >= 'A' && text.at(at) <= 'Z'));
  }
}
