package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Tail;
import dev.postern.gateway.inspect.Window;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Keys that their provider gave a form of their own. */
final class PrefixedKeyDetector implements Detector {
  private static final double MIN_ENTROPY = 2.8;

  private final List<List<KeyFormat>> byFirstCharacter = new ArrayList<>();

  PrefixedKeyDetector() {
    for (int i = 0; i < 128; i++) {
      byFirstCharacter.add(new ArrayList<>());
    }
    for (var format : KeyFormat.KNOWN) {
      byFirstCharacter.get(format.prefix().charAt(0)).add(format);
    }
  }

  @Override
  public String name() {
    return "secret.api_key";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      char first = text.at(at);
      if (first >= 128 || text.alphanumeric(at - 1)) {
        continue;
      }
      for (var format : byFirstCharacter.get(first)) {
        var scan = candidate(text, at, format);
        if (scan != null) {
          return scan;
        }
      }
    }
    return new Scan.Clear(text.length());
  }

  private static @Nullable Scan candidate(Window text, int start, KeyFormat format) {
    String prefix = format.prefix();
    int body = start + prefix.length();
    int end = body + format.length();
    int known = Math.min(end, text.length());
    for (int at = start; at < known; at++) {
      char character = text.at(at);
      boolean fits =
          at < body ? character == prefix.charAt(at - start) : format.body().contains(character);
      if (!fits) {
        return null;
      }
    }
    if (known < end) {
      return text.complete() ? null : new Scan.Clear(start);
    }
    boolean random =
        Randomness.digits(text, body, end) >= format.digits()
            && Randomness.entropy(text, body, end) >= MIN_ENTROPY;
    return random ? new Scan.Match(start, end, Tail.of(format.body())) : null;
  }
}
