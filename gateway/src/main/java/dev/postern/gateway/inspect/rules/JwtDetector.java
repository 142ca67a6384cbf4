package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.CharSet;
import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Tail;
import dev.postern.gateway.inspect.Window;
import org.jspecify.annotations.Nullable;

/** JSON web tokens: base64url of a JSON object, a dot, and another. */
final class JwtDetector implements Detector {
  /** Base64url of an opening brace and a quote. */
  private static final String OPENING = "eyJ";

  private static final int MIN_PART = 10;

  /** A header this long is taken for a token before its dot has come. */
  private static final int MAX_UNDECIDED = 192;

  private static final Tail TAIL = Tail.of(CharSet.of("a-zA-Z0-9_.-"));

  @Override
  public String name() {
    return "secret.jwt";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (text.at(at) != 'e' || (at > 0 && CharSet.BASE64_URL.contains(text.at(at - 1)))) {
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
    int part = start;
    for (int parts = 0; parts < 2; parts++) {
      int at = part;
      while (at < text.length()
          && at - start < MAX_UNDECIDED
          && CharSet.BASE64_URL.contains(text.at(at))
          && (at - part >= OPENING.length() || text.at(at) == OPENING.charAt(at - part))) {
        at++;
      }
      if (at - start == MAX_UNDECIDED || (parts == 1 && at - part >= MIN_PART)) {
        return new Scan.Match(start, at, TAIL);
      }
      if (at == text.length()) {
        return text.complete() ? null : new Scan.Clear(start);
      }
      if (at - part < MIN_PART || text.at(at) != '.') {
        return null;
      }
      part = at + 1;
    }
    return null;
  }
}
