package dev.postern.runners.template;

import dev.postern.runners.template.Lexer.Kind;
import dev.postern.runners.template.Lexer.Word;
import java.util.List;

/** The words of one tag, taken from the front. */
final class Words {
  private static final Word END = new Word(Kind.SIGN, "end of tag");

  private final List<Word> words;
  private int position;

  Words(List<Word> words) {
    this.words = words;
  }

  Word peek() {
    return position < words.size() ? words.get(position) : END;
  }

  Word take() {
    Word word = peek();
    position++;
    return word;
  }

  boolean done() {
    return position >= words.size();
  }

  private boolean at(int offset, Kind kind, String text) {
    int index = position + offset;
    return index < words.size()
        && words.get(index).kind() == kind
        && words.get(index).text().equals(text);
  }

  boolean atSign(String text) {
    return at(0, Kind.SIGN, text);
  }

  boolean atSecondSign(String text) {
    return at(1, Kind.SIGN, text);
  }

  boolean takeSign(String text) {
    boolean there = at(0, Kind.SIGN, text);
    position += there ? 1 : 0;
    return there;
  }

  boolean takeName(String text) {
    boolean there = at(0, Kind.NAME, text);
    position += there ? 1 : 0;
    return there;
  }

  /** Takes two names that stand together. */
  boolean takeNames(String first, String second) {
    boolean there = at(0, Kind.NAME, first) && at(1, Kind.NAME, second);
    position += there ? 2 : 0;
    return there;
  }

  void expectSign(String text) {
    if (!takeSign(text)) {
      throw unexpected("'" + text + "'");
    }
  }

  void expectName(String text) {
    if (!takeName(text)) {
      throw unexpected("'" + text + "'");
    }
  }

  String expectAnyName() {
    if (peek().kind() != Kind.NAME) {
      throw unexpected("a name");
    }
    return take().text();
  }

  void expectDone() {
    if (!done()) {
      throw unexpected("the end of the tag");
    }
  }

  TemplateSyntaxException unexpected(String wanted) {
    return new TemplateSyntaxException("expected " + wanted + " and found '" + peek().text() + "'");
  }
}
