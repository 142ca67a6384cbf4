package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.CharSet;
import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Tail;
import dev.postern.gateway.inspect.Window;
import java.util.List;

/**
 * Random strings that are given to a name such as {@code api_key}, or follow a word such as {@code
 * Bearer}.
 */
final class AssignedKeyDetector implements Detector {
  private static final int MIN_LENGTH = 16;
  private static final int MAX_UNDECIDED = 128;
  private static final double MIN_ENTROPY = 3.5;
  private static final CharSet VALUE = CharSet.of("a-zA-Z0-9_.+/~-");
  private static final CharSet TAIL = CharSet.of("a-zA-Z0-9_.+/~=-");
  private static final List<String> NAMES =
      List.of("key", "token", "secret", "credential", "credentials");
  private static final List<String> KEY_OWNERS =
      List.of("api", "secret", "access", "private", "auth", "encryption", "signing", "master");
  private static final List<String> NOT_SECRET = List.of("public", "csrf", "xsrf", "page", "next");

  @Override
  public String name() {
    return "secret.api_key";
  }

  @Override
  public Scan next(Window text, int from) {
    int at = from;
    while (at < text.length()) {
      if (!VALUE.contains(text.at(at)) || (at > 0 && VALUE.contains(text.at(at - 1)))) {
        at++;
        continue;
      }
      int run = at;
      while (run < text.length() && run - at < MAX_UNDECIDED && VALUE.contains(text.at(run))) {
        run++;
      }
      boolean undecided = run == text.length() && run - at < MAX_UNDECIDED && !text.complete();
      if ((undecided || run - at >= MIN_LENGTH) && isNamed(text, at)) {
        if (undecided) {
          return new Scan.Clear(at);
        }
        if (isRandom(text, at, run)) {
          return new Scan.Match(at, run, Tail.of(TAIL));
        }
      }
      at = run;
    }
    return new Scan.Clear(text.length());
  }

  private static boolean isRandom(Window text, int start, int end) {
    return Randomness.digits(text, start, end) >= 2
        && Randomness.hasLetter(text, start, end)
        && Randomness.entropy(text, start, end) >= MIN_ENTROPY;
  }

  private static boolean isNamed(Window text, int value) {
    if (text.startsWith(value - 7, "bearer ")
        || text.startsWith(value - 6, "basic ")
        || text.startsWith(value - 6, "token ")) {
      return true;
    }
    var assignment = Assignment.before(text, value);
    return assignment != null && isSecretName(assignment.name());
  }

  private static boolean isSecretName(String name) {
    for (String word : NOT_SECRET) {
      if (name.contains(word)) {
        return false;
      }
    }
    for (String word : NAMES) {
      if (name.endsWith(word)) {
        return !word.equals("key") || isOwned(name);
      }
    }
    return false;
  }

  /** A key alone may be that of a map; one of an API is a secret. */
  private static boolean isOwned(String name) {
    String owner = name.substring(0, name.length() - "key".length());
    for (String word : KEY_OWNERS) {
      if (owner.endsWith(word)) {
        return true;
      }
    }
    return false;
  }
}
