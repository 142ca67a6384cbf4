package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.CharSet;
import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;

/** IP addresses, versions 4 and 6, but not version and section numbers. */
final class IpDetector implements Detector {
  private static final int MAX_LENGTH = 46;
  private static final CharSet HEX = CharSet.of("0-9a-fA-F");
  private static final CharSet ADDRESS = CharSet.of("0-9a-fA-F:.");
  private static final ContextWords NUMBERING =
      new ContextWords(
          14, "version", "ver", "release", "build", "section", "chapter", "firmware", "revision");

  @Override
  public String name() {
    return "pii.ip";
  }

  @Override
  public Scan next(Window text, int from) {
    int at = from;
    while (at < text.length()) {
      if (!ADDRESS.contains(text.at(at)) || continues(text, at)) {
        at++;
        continue;
      }
      int run = at;
      int dots = 0;
      int colons = 0;
      while (run < text.length() && run - at < MAX_LENGTH && ADDRESS.contains(text.at(run))) {
        dots += text.at(run) == '.' ? 1 : 0;
        colons += text.at(run) == ':' ? 1 : 0;
        run++;
      }
      if (run == text.length() && run - at < MAX_LENGTH && !text.complete()) {
        return new Scan.Clear(at);
      }
      if ((dots >= 3 || colons >= 2) && !text.alphanumeric(run)) {
        int end = version4(text, at, run);
        if (end < 0) {
          end = version6(text, at, run);
        }
        if (end > 0 && !NUMBERING.before(text, at)) {
          return Scan.Match.closed(at, end);
        }
      }
      at = run;
    }
    return new Scan.Clear(text.length());
  }

  /** Whether an address could have begun earlier, so that none begins here. */
  private static boolean continues(Window text, int at) {
    return at > 0
        && (text.alphanumeric(at - 1)
            || text.at(at - 1) == '_'
            || ADDRESS.contains(text.at(at - 1)));
  }

  /** The end of four octets, which a port may follow; or -1. */
  private static int version4(Window text, int start, int limit) {
    int at = start;
    for (int octet = 0; octet < 4; octet++) {
      if (octet > 0) {
        if (at >= limit || text.at(at) != '.') {
          return -1;
        }
        at++;
      }
      int digits = 0;
      int value = 0;
      while (at < limit && digits < 4 && text.digit(at) >= 0) {
        value = value * 10 + text.digit(at);
        digits++;
        at++;
      }
      boolean leadingZero = digits > 1 && text.digit(at - digits) == 0;
      if (digits == 0 || digits > 3 || value > 255 || leadingZero) {
        return -1;
      }
    }
    boolean more = at < limit && (HEX.contains(text.at(at)) || isDotted(text, at, limit));
    return more ? -1 : at;
  }

  private static boolean isDotted(Window text, int at, int limit) {
    return text.at(at) == '.' && at + 1 < limit && text.at(at + 1) != '.';
  }

  private static int version6(Window text, int start, int limit) {
    int end = limit;
    while (end > start && text.at(end - 1) == '.') {
      end--;
    }
    if (end - start > 2 && text.at(end - 1) == ':' && text.at(end - 2) != ':') {
      end--;
    }
    int groups = 0;
    boolean compressed = false;
    boolean hasDigit = false;
    int at = start;
    while (at < end) {
      if (text.at(at) == ':') {
        boolean pair = at + 1 < end && text.at(at + 1) == ':';
        if (pair) {
          if (compressed) {
            return -1;
          }
          compressed = true;
          at += 2;
          continue;
        }
        if (at == start) {
          return -1;
        }
        at++;
      }
      int group = at;
      while (at < end && HEX.contains(text.at(at))) {
        hasDigit |= text.digit(at) >= 0;
        at++;
      }
      if (at < end && text.at(at) == '.') {
        boolean mapped = compressed && version4(text, group, end) == end;
        return mapped ? end : -1;
      }
      if (at == group || at - group > 4) {
        return -1;
      }
      groups++;
    }
    boolean whole = compressed ? groups >= 2 && groups < 8 && hasDigit : groups == 8;
    return whole ? end : -1;
  }
}
