package dev.postern.gateway.inspect.rules;

import java.text.Normalizer;
import java.util.Locale;

/**
 * Makes spellings equal that read the same: case, full-width and other compatibility forms,
 * composed and decomposed accents. Works code point by code point, so that it can be done on text
 * that still grows. Invisible characters fold to nothing, white space to one space.
 */
final class Folding {
  private static final String SPACE = " ";
  private static final String[] ASCII = new String[128];

  static {
    for (int i = 0; i < ASCII.length; i++) {
      ASCII[i] = fold((char) i + "", i);
    }
  }

  private Folding() {}

  static String fold(int codePoint) {
    return codePoint < ASCII.length
        ? ASCII[codePoint]
        : fold(Character.toString(codePoint), codePoint);
  }

  private static String fold(String character, int codePoint) {
    if (isInvisible(codePoint)) {
      return "";
    }
    if (Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint)) {
      return SPACE;
    }
    // Upper case first: it turns characters such as the German sharp s into their pair.
    String folded = character.toUpperCase(Locale.ROOT).toLowerCase(Locale.ROOT);
    return Normalizer.normalize(folded, Normalizer.Form.NFKD);
  }

  private static boolean isInvisible(int codePoint) {
    return Character.getType(codePoint) == Character.FORMAT
        || (codePoint >= 0xFE00 && codePoint <= 0xFE0F);
  }
}
