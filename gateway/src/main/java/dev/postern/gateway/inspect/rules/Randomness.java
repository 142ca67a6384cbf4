package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Window;

/** Tells random strings from words and placeholders. */
final class Randomness {
  private Randomness() {}

  /** Shannon entropy in bits per character; other than ASCII counts as one character. */
  static double entropy(Window text, int start, int end) {
    var counts = new int[128];
    for (int at = start; at < end; at++) {
      counts[text.at(at) & 0x7f]++;
    }
    double length = end - start;
    double entropy = 0;
    for (int count : counts) {
      if (count > 0) {
        double share = count / length;
        entropy -= share * Math.log(share) / Math.log(2);
      }
    }
    return entropy;
  }

  static int digits(Window text, int start, int end) {
    int digits = 0;
    for (int at = start; at < end; at++) {
      digits += text.digit(at) >= 0 ? 1 : 0;
    }
    return digits;
  }

  static boolean hasLetter(Window text, int start, int end) {
    for (int at = start; at < end; at++) {
      if (Character.isLetter(text.at(at))) {
        return true;
      }
    }
    return false;
  }
}
