package dev.postern.gateway.inspect;

import java.util.Arrays;

/**
 * The part of a growing text that is still looked at. Characters far enough behind every detector
 * are dropped, so positions shift; {@link #offset} tells by how much.
 */
public final class Window {
  /** How far a detector may look back before a match, for boundaries and context words. */
  public static final int CONTEXT = 64;

  /** The most characters a detector may hold back while a candidate is undecided. */
  public static final int MAX_HOLD = 256;

  private char[] characters;
  private int length;
  private boolean complete;
  private long offset;

  Window(int capacity) {
    characters = new char[capacity];
  }

  /** A text that does not grow. */
  public static Window whole(String text) {
    var window = new Window(text.length());
    window.append(text);
    window.finish();
    return window;
  }

  public int length() {
    return length;
  }

  /** Whether the text ends here, so that nothing more can follow. */
  public boolean complete() {
    return complete;
  }

  /** How many characters were dropped before position 0. */
  public long offset() {
    return offset;
  }

  public char at(int position) {
    return characters[position];
  }

  /** The value of a decimal digit of any script, full-width ones too, or -1. */
  public int digit(int position) {
    char character = characters[position];
    if (character < 0x80) {
      return character >= '0' && character <= '9' ? character - '0' : -1;
    }
    return Character.digit(character, 10);
  }

  /** Whether a letter or digit stands at a position; false outside the text. */
  public boolean alphanumeric(int position) {
    if (position < 0 || position >= length) {
      return false;
    }
    char character = characters[position];
    return character < 0x80
        ? CharSet.ALPHANUMERIC.contains(character)
        : Character.isLetterOrDigit(character);
  }

  /** Whether {@code word}, in lower case, stands at a position, in any case. */
  public boolean startsWith(int position, String word) {
    if (position < 0 || position + word.length() > length) {
      return false;
    }
    for (int i = 0; i < word.length(); i++) {
      if (Character.toLowerCase(characters[position + i]) != word.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  public String substring(int start, int end) {
    return new String(characters, start, end - start);
  }

  void append(String text) {
    if (length + text.length() > characters.length) {
      characters = Arrays.copyOf(characters, Math.max(2 * length, length + text.length()));
    }
    text.getChars(0, text.length(), characters, length);
    length += text.length();
  }

  void finish() {
    complete = true;
  }

  void discard(int count) {
    System.arraycopy(characters, count, characters, 0, length - count);
    length -= count;
    offset += count;
  }
}
