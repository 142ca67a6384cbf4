package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.CharSet;
import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Tail;
import dev.postern.gateway.inspect.Window;
import org.jspecify.annotations.Nullable;

/**
 * PEM blocks of private keys. The opening line alone is a finding: what follows is taken for the
 * key up to the closing line, or for 16,384 characters where none comes.
 */
final class PrivateKeyDetector implements Detector {
  private static final String OPENING = "-----begin ";
  private static final String CLOSING = "-----end ";
  private static final String DASHES = "-----";
  private static final int MAX_LABEL = 40;
  private static final int MAX_BLOCK = 16_384;
  private static final CharSet LABEL = CharSet.of("A-Z0-9 ");

  @Override
  public String name() {
    return "secret.private_key";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (text.at(at) != '-' || (at > 0 && text.at(at - 1) == '-')) {
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
    int label = start + OPENING.length();
    if (text.length() < label) {
      boolean prefix = text.startsWith(start, OPENING.substring(0, text.length() - start));
      return prefix && !text.complete() ? new Scan.Clear(start) : null;
    }
    if (!text.startsWith(start, OPENING)) {
      return null;
    }
    int end = afterLine(text, label);
    if (end < 0) {
      return text.complete() ? null : new Scan.Clear(start);
    }
    if (end == 0 || !text.substring(label, end).contains("PRIVATE KEY")) {
      return null;
    }
    long last = text.offset() + end + MAX_BLOCK;
    Tail block = (window, from) -> blockEnd(window, from, last);
    return new Scan.Match(start, end, block);
  }

  /** The end of a label and its five dashes; 0 when it is none, -1 when more text must tell. */
  private static int afterLine(Window text, int label) {
    int at = label;
    while (at < text.length() && at - label <= MAX_LABEL && LABEL.contains(text.at(at))) {
      at++;
    }
    if (at - label > MAX_LABEL) {
      return 0;
    }
    int dashes = Math.min(DASHES.length(), text.length() - at);
    if (!text.startsWith(at, DASHES.substring(0, dashes))) {
      return 0;
    }
    return dashes == DASHES.length() ? at + dashes : -1;
  }

  private static int blockEnd(Window text, int from, long last) {
    for (int at = from; at < text.length(); at++) {
      if (text.offset() + at >= last) {
        return at;
      }
      if (text.at(at) != '-') {
        continue;
      }
      int label = at + CLOSING.length();
      int known = Math.min(CLOSING.length(), text.length() - at);
      if (!text.startsWith(at, CLOSING.substring(0, known))) {
        continue;
      }
      int end = known < CLOSING.length() ? -1 : afterLine(text, label);
      if (end > 0) {
        return end;
      }
      if (end < 0 && !text.complete()) {
        return ~at;
      }
    }
    return text.complete() ? text.length() : ~text.length();
  }
}
