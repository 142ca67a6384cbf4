package dev.postern.gateway.inspect;

/** A set of ASCII characters. */
public final class CharSet {
  public static final CharSet DIGITS = of("0-9");
  public static final CharSet ALPHANUMERIC = of("a-zA-Z0-9");
  public static final CharSet BASE64_URL = of("a-zA-Z0-9_-");

  private final boolean[] members = new boolean[128];

  private CharSet() {}

  /**
   * @param pattern characters and ranges, as between the brackets of a regular expression; a hyphen
   *     that stands last is one
   */
  public static CharSet of(String pattern) {
    var set = new CharSet();
    for (int i = 0; i < pattern.length(); i++) {
      char first = pattern.charAt(i);
      char last = first;
      if (i + 2 < pattern.length() && pattern.charAt(i + 1) == '-') {
        last = pattern.charAt(i + 2);
        i += 2;
      }
      for (char member = first; member <= last; member++) {
        set.members[member] = true;
      }
    }
    return set;
  }

  public boolean contains(char character) {
    return character < 128 && members[character];
  }
}
