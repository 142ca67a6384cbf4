package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Window;

/** Groups of digits as they stand in the text, and what they may be. */
final class PhoneNumber {
  private static final int MAX_GROUPS = 12;

  private final int start;
  private final boolean plus;
  private final boolean parenthesised;
  private int groups;
  private final int[] lengths = new int[MAX_GROUPS];
  private final int[] ends = new int[MAX_GROUPS];
  private final char[] separators = new char[MAX_GROUPS];
  private final StringBuilder digits = new StringBuilder();
  private int end;
  private boolean goesOn;
  private boolean areaClosed;

  private PhoneNumber(int start, boolean plus, boolean parenthesised) {
    this.start = start;
    this.plus = plus;
    this.parenthesised = parenthesised;
  }

  /** Reads digits and single separators; brackets may stand beside a separator. */
  static PhoneNumber read(Window text, int start, int maxLength) {
    int limit = Math.min(text.length(), start + maxLength);
    boolean plus = text.at(start) == '+';
    var number = new PhoneNumber(start, plus, text.at(start) == '(');
    int at = start + (plus || number.parenthesised ? 1 : 0);
    boolean open = number.parenthesised;
    char separator = 0;
    while (at < limit) {
      char character = text.at(at);
      if (text.digit(at) >= 0) {
        if (number.groups == MAX_GROUPS) {
          number.goesOn = true;
          break;
        }
        at = number.readGroup(text, at, limit, separator);
        separator = 0;
      } else if (character == '(' && !open && number.groups > 0) {
        open = true;
        at++;
      } else if (character == ')' && open) {
        open = false;
        number.areaClosed |= number.groups == 1;
        separator = ')';
        at++;
      } else if (isSeparator(character) && (separator == 0 || separator == ')')) {
        separator = character;
        at++;
      } else {
        break;
      }
    }
    number.end = at;
    number.goesOn |= at == start + maxLength;
    return number;
  }

  private int readGroup(Window text, int from, int limit, char separator) {
    int at = from;
    while (at < limit && text.digit(at) >= 0) {
      digits.append((char) ('0' + text.digit(at)));
      at++;
    }
    lengths[groups] = at - from;
    ends[groups] = at;
    separators[groups] = separator;
    groups++;
    return at;
  }

  int start() {
    return start;
  }

  boolean plus() {
    return plus;
  }

  /** Where reading stopped, trailing separators included. */
  int end() {
    return end;
  }

  /** Whether digits follow that were not read, so that this is no whole number. */
  boolean goesOn() {
    return goesOn;
  }

  int lastDigitEnd() {
    return ends[groups - 1];
  }

  /** The end of the longest international number at the start, or -1. */
  int international() {
    boolean northAmerica = !digits.isEmpty() && digits.charAt(0) == '1';
    int found = -1;
    int count = 0;
    for (int group = 0; group < groups; group++) {
      count += lengths[group];
      boolean fits = northAmerica ? count == 11 : count >= 8 && count <= 13;
      if (fits && (group == 0 || lengths[group] >= 2)) {
        found = ends[group];
      }
    }
    return digits.isEmpty() || digits.charAt(0) == '0' ? -1 : found;
  }

  /** The end of an area code, exchange and line number of the North American plan, or -1. */
  int northAmerican() {
    int area = groups > 3 && lengths[0] == 1 && digits.charAt(0) == '1' ? 1 : 0;
    if (groups < area + 3
        || lengths[area] != 3
        || lengths[area + 1] != 3
        || lengths[area + 2] != 4
        || digits.charAt(area) < '2') {
      return -1;
    }
    boolean grouped = parenthesised || separators[area + 1] != ' ' || separators[area + 2] != ' ';
    return grouped ? ends[area + 2] : -1;
  }

  /** Whether this is written as national numbers are: with a trunk 0, 00, or a bracketed area. */
  boolean isNational() {
    int count = digits.length();
    if (groups < 2 || lengths[groups - 1] < 2) {
      return false;
    }
    if (parenthesised) {
      return areaClosed && lengths[0] >= 2 && lengths[0] <= 5 && count >= 8 && count <= 12;
    }
    if (digits.charAt(0) != '0' || hasLateSlash()) {
      return false;
    }
    if (digits.charAt(1) == '0') {
      return count >= 10 && count <= 15;
    }
    boolean dotted = separators[1] == '.';
    return dotted ? groups >= 4 && count == 10 : count >= (groups > 2 ? 9 : 10) && count <= 11;
  }

  /** Whether this could be a number at all; only to be asked beside a word that says so. */
  boolean isPlausible() {
    int count = digits.length();
    boolean dotted = groups > 1 && groups < 4 && separators[1] == '.' && lengths[0] < 3;
    return groups > 0
        && groups <= 6
        && count >= 6 + (groups == 1 ? 1 : 0)
        && count <= 15
        && lengths[groups - 1] >= 2
        && !dotted;
  }

  boolean looksLikeSocialSecurityNumber() {
    return groups == 3 && lengths[0] == 3 && lengths[1] == 2 && lengths[2] == 4;
  }

  boolean looksLikeDate() {
    if (groups < 3 || separators[1] != separators[2] || separators[1] == ')') {
      return false;
    }
    boolean yearLast = lengths[0] <= 2 && lengths[1] <= 2 && lengths[2] == 4;
    boolean yearFirst = lengths[0] == 4 && lengths[1] == 2 && lengths[2] == 2;
    boolean separated = separators[1] != ' ';
    return separated && (yearLast || yearFirst) && groups < 5;
  }

  private boolean hasLateSlash() {
    for (int group = 2; group < groups; group++) {
      if (separators[group] == '/') {
        return true;
      }
    }
    return false;
  }

  private static boolean isSeparator(char character) {
    return character == ' '
        || character == '-'
        || character == '.'
        || character == '/'
        || character == '\u00a0'
        || character == '\u2011';
  }
}
