package dev.postern.tenancy.internal;

import dev.postern.tenancy.ApiKey;
import java.math.BigInteger;
import java.security.SecureRandom;

/** The text of secrets: random bytes in letters and digits, so that a double click selects them. */
final class KeySecret {
  /** 62^43 is the first power of 62 above 2^256. */
  private static final int LENGTH = 43;

  private static final int BYTES = 32;
  private static final String ALPHABET =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  private static final BigInteger BASE = BigInteger.valueOf(ALPHABET.length());
  private static final int SUFFIX = 4;

  private KeySecret() {}

  static String generate(ApiKey.Kind kind, SecureRandom random) {
    return kind.prefix() + randomText(random);
  }

  /** 256 random bits. */
  static String randomText(SecureRandom random) {
    var bytes = new byte[BYTES];
    random.nextBytes(bytes);
    var rest = new BigInteger(1, bytes);
    var text = new char[LENGTH];
    for (var i = LENGTH - 1; i >= 0; i--) {
      var parts = rest.divideAndRemainder(BASE);
      text[i] = ALPHABET.charAt(parts[1].intValue());
      rest = parts[0];
    }
    return new String(text);
  }

  /** Whether {@link #generate} could have made it: what could not needs no look into the store. */
  static boolean isPlausible(String secret) {
    for (var kind : ApiKey.Kind.values()) {
      if (secret.startsWith(kind.prefix())) {
        return isRandomText(secret, kind.prefix().length());
      }
    }
    return false;
  }

  /** Whether the text from this index on is as {@link #randomText} makes it. */
  static boolean isRandomText(String text, int from) {
    if (text.length() != from + LENGTH) {
      return false;
    }
    for (var i = from; i < text.length(); i++) {
      var c = text.charAt(i);
      if (!(c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z')) {
        return false;
      }
    }
    return true;
  }

  static String suffix(String secret) {
    return secret.substring(secret.length() - SUFFIX);
  }

  static String redacted(ApiKey.Kind kind, String suffix) {
    return kind.prefix() + "…" + suffix;
  }
}
