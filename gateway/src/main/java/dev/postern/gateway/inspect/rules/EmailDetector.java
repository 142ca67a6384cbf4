package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.CharSet;
import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;

/** E-mail addresses with a dotted domain. */
final class EmailDetector implements Detector {
  private static final int MAX_LOCAL = 64;
  private static final int MAX_DOMAIN = 128;
  private static final CharSet LOCAL = CharSet.of("a-zA-Z0-9._%+'-");

  @Override
  public String name() {
    return "pii.email";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (text.at(at) != '@') {
        continue;
      }
      int start = localStart(text, from, at);
      if (start == at) {
        continue;
      }
      int limit = Math.min(text.length(), at + 1 + MAX_DOMAIN);
      int run = at + 1;
      while (run < limit && isDomain(text.at(run))) {
        run++;
      }
      if (run == text.length() && run < at + 1 + MAX_DOMAIN && !text.complete()) {
        return new Scan.Clear(start);
      }
      int end = domainEnd(text, at + 1, run);
      if (end > 0) {
        return Scan.Match.closed(start, end);
      }
    }
    return new Scan.Clear(text.complete() ? text.length() : localStart(text, from, text.length()));
  }

  private static int localStart(Window text, int from, int end) {
    int start = end;
    while (start > from && end - start < MAX_LOCAL && isLocal(text.at(start - 1))) {
      start--;
    }
    while (start < end && !Character.isLetterOrDigit(text.at(start))) {
      start++;
    }
    return start;
  }

  /** The end of the longest valid domain in the run, or -1. */
  private static int domainEnd(Window text, int start, int run) {
    int end = run;
    while (end > start && !Character.isLetterOrDigit(text.at(end - 1))) {
      end--;
    }
    int dot = end - 1;
    while (dot > start && text.at(dot) != '.') {
      dot--;
    }
    boolean valid =
        dot > start
            && end - dot > 2
            && Character.isLetter(text.at(dot + 1))
            && Character.isLetterOrDigit(text.at(start));
    return valid ? end : -1;
  }

  private static boolean isLocal(char character) {
    return LOCAL.contains(character) || (character >= 0x80 && Character.isLetterOrDigit(character));
  }

  private static boolean isDomain(char character) {
    return Character.isLetterOrDigit(character) || character == '.' || character == '-';
  }
}
