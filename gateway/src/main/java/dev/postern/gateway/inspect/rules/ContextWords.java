package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Window;
import java.util.List;

/** Words that make an ambiguous value a finding when they stand shortly before it. */
final class ContextWords {
  private final int reach;
  private final List<String> words;

  /**
   * @param reach how many characters before the value are searched
   * @param words in lower case
   */
  ContextWords(int reach, String... words) {
    if (reach >= Window.CONTEXT) {
      throw new IllegalArgumentException("a detector sees " + Window.CONTEXT + " characters back");
    }
    this.reach = reach;
    this.words = List.of(words);
  }

  boolean before(Window text, int position) {
    for (int at = Math.max(0, position - reach); at < position; at++) {
      if (text.alphanumeric(at) && (at == 0 || !Character.isLetter(text.at(at - 1)))) {
        for (String word : words) {
          if (at + word.length() <= position && text.startsWith(at, word)) {
            return true;
          }
        }
      }
    }
    return false;
  }
}
