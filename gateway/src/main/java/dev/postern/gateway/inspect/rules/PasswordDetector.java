package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Tail;
import dev.postern.gateway.inspect.Window;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Passwords: values given to such a name, and those in URLs and on command lines. */
final class PasswordDetector implements Detector {
  private static final int MIN_LENGTH = 4;
  private static final int MAX_UNDECIDED = 64;
  private static final int MAX_USER = 40;
  private static final String STOPS = "\"'`<&";
  private static final String TRAILING = ".,;:!?)}]>";
  private static final String SYMBOLS = "@#$!%^*+=~?";
  private static final String CODE = "([{$<";
  private static final Set<String> PLACEHOLDERS =
      Set.of(
          "string",
          "password",
          "required",
          "optional",
          "none",
          "null",
          "true",
          "false",
          "text",
          "undefined",
          "hidden",
          "example",
          "redacted",
          "invalid");
  private static final Tail TAIL =
      (text, from) -> {
        int at = from;
        while (at < text.length() && !isStop(text.at(at))) {
          at++;
        }
        return at < text.length() || text.complete() ? at : ~at;
      };

  @Override
  public String name() {
    return "secret.password";
  }

  @Override
  public Scan next(Window text, int from) {
    for (int at = from; at < text.length(); at++) {
      if (at == 0 || !mayPrecede(text.at(at - 1)) || isStop(text.at(at))) {
        continue;
      }
      var scan = text.at(at - 1) == ':' ? afterUser(text, at) : null;
      if (scan == null) {
        scan = assigned(text, at);
      }
      if (scan != null) {
        return scan;
      }
    }
    return new Scan.Clear(text.length());
  }

  private static @Nullable Scan assigned(Window text, int start) {
    var assignment = Assignment.before(text, start);
    if (assignment == null || !isPassword(assignment.name())) {
      return null;
    }
    int end = valueEnd(text, start);
    if (end == text.length() && end - start < MAX_UNDECIDED && !text.complete()) {
      return new Scan.Clear(start);
    }
    if (end - start == MAX_UNDECIDED) {
      return new Scan.Match(start, end, TAIL);
    }
    while (end > start && TRAILING.indexOf(text.at(end - 1)) >= 0) {
      end--;
    }
    boolean valid = end - start >= MIN_LENGTH && isSecret(text, start, end, assignment);
    return valid ? Scan.Match.closed(start, end) : null;
  }

  private static boolean isSecret(Window text, int start, int end, Assignment assignment) {
    String value = text.substring(start, end);
    if (isPlaceholder(value)) {
      return false;
    }
    if (assignment.quoted()) {
      return true;
    }
    boolean code = value.chars().anyMatch(character -> CODE.indexOf(character) >= 0);
    if (assignment.operator() == Assignment.Operator.EQUALS) {
      return !code && value.length() >= 6;
    }
    return Randomness.digits(text, start, end) > 0
        || value.chars().anyMatch(character -> SYMBOLS.indexOf(character) >= 0)
        || value.substring(1).chars().anyMatch(Character::isUpperCase);
  }

  private static boolean isPlaceholder(String value) {
    return CODE.indexOf(value.charAt(0)) >= 0
        || PLACEHOLDERS.contains(value.toLowerCase(Locale.ROOT))
        || value.chars().distinct().count() < 3;
  }

  private static boolean isPassword(String name) {
    return name.endsWith("password")
        || name.endsWith("passwd")
        || name.endsWith("pwd")
        || name.endsWith("passphrase")
        || name.endsWith("passcode")
        || name.endsWith("passwort")
        || name.equals("pass");
  }

  /** {@code scheme://user:password@host} and {@code -u user:password}. */
  private static @Nullable Scan afterUser(Window text, int start) {
    int user = start - 1;
    while (user > 0 && start - user < MAX_USER && isUser(text.at(user - 1))) {
      user--;
    }
    boolean url = text.startsWith(user - 3, "://");
    int option = user > 0 && STOPS.indexOf(text.at(user - 1)) >= 0 ? user - 1 : user;
    boolean argument =
        text.startsWith(option - 4, " -u ") || text.startsWith(option - 7, "--user ");
    if (!url && !argument) {
      return null;
    }
    int end = valueEnd(text, start);
    if (url) {
      for (int at = start; at < end; at++) {
        if (text.at(at) == '/' || text.at(at) == '$' || text.at(at) == '{') {
          return null;
        }
        if (text.at(at) == '@') {
          return at - start >= MIN_LENGTH ? Scan.Match.closed(start, at) : null;
        }
      }
    }
    if (end == text.length() && end - start < MAX_UNDECIDED && !text.complete()) {
      return new Scan.Clear(start);
    }
    boolean valid =
        argument && end - start >= MIN_LENGTH && !isPlaceholder(text.substring(start, end));
    return valid ? Scan.Match.closed(start, end) : null;
  }

  private static int valueEnd(Window text, int start) {
    int end = start;
    while (end < text.length() && end - start < MAX_UNDECIDED && !isStop(text.at(end))) {
      end++;
    }
    return end;
  }

  private static boolean mayPrecede(char character) {
    return character == '='
        || character == ':'
        || character == '>'
        || character == ' '
        || character == '"'
        || character == '\''
        || character == '`';
  }

  private static boolean isStop(char character) {
    return Character.isWhitespace(character) || STOPS.indexOf(character) >= 0;
  }

  private static boolean isUser(char character) {
    return Character.isLetterOrDigit(character) || "._%+@-".indexOf(character) >= 0;
  }
}
