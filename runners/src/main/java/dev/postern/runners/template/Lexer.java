package dev.postern.runners.template;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/**
 * Cuts a template into text, print tags and block tags, and tags into words. Blank handling is what
 * chat templates are written for: a line break after a block tag and blanks before it on its line
 * are not text ({@code trim_blocks} and {@code lstrip_blocks}).
 */
final class Lexer {
  /** The pieces of a template. */
  sealed interface Piece {
    record Text(String text) implements Piece {}

    record Print(List<Word> words) implements Piece {}

    record Block(List<Word> words) implements Piece {}
  }

  enum Kind {
    NAME,
    NUMBER,
    STRING,
    SIGN
  }

  record Word(Kind kind, String text) {}

  private static final List<String> SIGNS = List.of("==", "!=", "<=", ">=", "//", "**");

  private final String source;
  private final List<Piece> pieces = new ArrayList<>();
  private int position;
  private boolean trimText;
  private boolean trimLineBreak;

  private Lexer(String source) {
    this.source = source;
  }

  static List<Piece> pieces(String template) {
    String source = template.replace("\r\n", "\n");
    // Like a file's, a template's last line break is not part of it.
    return new Lexer(source.endsWith("\n") ? source.substring(0, source.length() - 1) : source)
        .read();
  }

  private List<Piece> read() {
    while (position < source.length()) {
      int tag = nextTag();
      if (tag < 0) {
        text(source.substring(position));
        break;
      }
      String before = source.substring(position, tag);
      char kind = source.charAt(tag + 1);
      position = tag + 2;
      char mark = position < source.length() ? source.charAt(position) : ' ';
      if (mark == '-') {
        position++;
        text(before.stripTrailing());
      } else {
        if (mark == '+') {
          position++;
        }
        text(kind == '{' || mark == '+' ? before : withoutIndent(before, tag));
      }
      switch (kind) {
        case '#' -> comment();
        case '{' -> pieces.add(new Piece.Print(words("}}")));
        default -> block();
      }
    }
    return pieces;
  }

  private int nextTag() {
    for (int at = position; at + 1 < source.length(); at++) {
      if (source.charAt(at) == '{' && "{%#".indexOf(source.charAt(at + 1)) >= 0) {
        return at;
      }
    }
    return -1;
  }

  private void text(String text) {
    String kept = text;
    if (trimText) {
      kept = kept.stripLeading();
    } else if (trimLineBreak && kept.startsWith("\n")) {
      kept = kept.substring(1);
    }
    trimText = false;
    trimLineBreak = false;
    if (!kept.isEmpty()) {
      pieces.add(new Piece.Text(kept));
    }
  }

  /** Drops the blanks between the line's beginning and a block tag. */
  private String withoutIndent(String before, int tag) {
    int end = before.length();
    while (end > 0 && (before.charAt(end - 1) == ' ' || before.charAt(end - 1) == '\t')) {
      end--;
    }
    int at = tag - (before.length() - end);
    boolean lineBegins = at == 0 || source.charAt(at - 1) == '\n';
    return lineBegins ? before.substring(0, end) : before;
  }

  private void comment() {
    int end = source.indexOf("#}", position);
    if (end < 0) {
      throw new TemplateSyntaxException("a comment is not closed");
    }
    trimText = end > position && source.charAt(end - 1) == '-';
    trimLineBreak = true;
    position = end + 2;
  }

  private void block() {
    List<Word> words = words("%}");
    if (words.size() == 1 && words.getFirst().text().equals("raw")) {
      raw();
    } else {
      trimLineBreak = true;
      pieces.add(new Piece.Block(words));
    }
  }

  private void raw() {
    var end = Pattern.compile("\\{%-?\\s*endraw\\s*-?%}").matcher(source);
    if (!end.find(position)) {
      throw new TemplateSyntaxException("a raw block is not closed");
    }
    pieces.add(new Piece.Text(source.substring(position, end.start())));
    position = end.end();
  }

  /** The words up to the tag's end, which is left behind. */
  private List<Word> words(String end) {
    List<Word> words = new ArrayList<>();
    int depth = 0;
    while (position < source.length()) {
      char character = source.charAt(position);
      if (Character.isWhitespace(character)) {
        position++;
      } else if (depth == 0 && (source.startsWith(end, position) || marked(end))) {
        trimText = character == '-';
        position += trimText || character == '+' ? 3 : 2;
        return words;
      } else if (character == '\'' || character == '"') {
        words.add(new Word(Kind.STRING, string(character)));
      } else if (Character.isDigit(character)) {
        words.add(new Word(Kind.NUMBER, run(c -> Character.isDigit(c) || c == '.')));
      } else if (Character.isLetter(character) || character == '_') {
        words.add(new Word(Kind.NAME, run(c -> Character.isLetterOrDigit(c) || c == '_')));
      } else {
        String sign = sign();
        depth += "([{".contains(sign) ? 1 : ")]}".contains(sign) ? -1 : 0;
        words.add(new Word(Kind.SIGN, sign));
      }
    }
    throw new TemplateSyntaxException("a tag is not closed");
  }

  private boolean marked(String end) {
    char character = source.charAt(position);
    return (character == '-' || character == '+') && source.startsWith(end, position + 1);
  }

  private String run(IntPredicate belongs) {
    int from = position;
    while (position < source.length() && belongs.test(source.charAt(position))) {
      position++;
    }
    return source.substring(from, position);
  }

  private String sign() {
    for (String sign : SIGNS) {
      if (source.startsWith(sign, position)) {
        position += 2;
        return sign;
      }
    }
    return String.valueOf(source.charAt(position++));
  }

  private String string(char quote) {
    StringBuilder text = new StringBuilder();
    for (position++; position < source.length(); position++) {
      char character = source.charAt(position);
      if (character == quote) {
        position++;
        return text.toString();
      }
      if (character == '\\' && position + 1 < source.length()) {
        position++;
        character = source.charAt(position);
        switch (character) {
          case 'n' -> text.append('\n');
          case 't' -> text.append('\t');
          case 'r' -> text.append('\r');
          case '\\', '\'', '"' -> text.append(character);
          default -> text.append('\\').append(character);
        }
      } else {
        text.append(character);
      }
    }
    throw new TemplateSyntaxException("a text is not closed");
  }
}
