package dev.postern.runners.grammar;

import static dev.postern.runners.grammar.Expression.UNBOUNDED;
import static dev.postern.runners.grammar.Expression.call;
import static dev.postern.runners.grammar.Expression.choice;
import static dev.postern.runners.grammar.Expression.optional;
import static dev.postern.runners.grammar.Expression.sequence;
import static dev.postern.runners.grammar.Expression.text;

import dev.postern.runners.grammar.Expression.Call;
import dev.postern.runners.grammar.Expression.Range;
import dev.postern.runners.grammar.Expression.Repeat;

/** The parts of JSON (RFC 8259). Space is bounded, so that no answer can be made of it alone. */
final class JsonText {
  /** The rule of a string's characters up to and with the quote that ends it; it is counted. */
  static final int CHARACTERS = 1;

  /** The rule of any value. */
  static final int VALUE = 2;

  /** The rule of any object. */
  static final int OBJECT = 3;

  private static final int MOST_INDENT = 12;
  private static final int MOST_DIGITS = 15;

  /** Between the tokens of a container: nothing, a space, or a line's end and an indent. */
  static final Expression SPACE =
      optional(choice(text(" "), sequence(text("\n"), new Repeat(text(" "), 0, MOST_INDENT))));

  static final Expression COMMA = sequence(text(","), SPACE);

  static final Expression COLON = sequence(text(":"), optional(text(" ")));

  private static final Expression DIGIT = new Range('0', '9');

  private static final Expression HEX = choice(DIGIT, new Range('a', 'f'), new Range('A', 'F'));

  private static final Expression DIGITS = new Repeat(DIGIT, 1, MOST_DIGITS);

  private static final Expression WHOLE =
      choice(text("0"), sequence(new Range('1', '9'), new Repeat(DIGIT, 0, MOST_DIGITS - 1)));

  static final Expression INTEGER =
      choice(
          WHOLE, sequence(text("-"), new Range('1', '9'), new Repeat(DIGIT, 0, MOST_DIGITS - 1)));

  static final Expression NUMBER =
      sequence(
          optional(text("-")),
          WHOLE,
          optional(sequence(text("."), DIGITS)),
          optional(
              sequence(
                  choice(text("e"), text("E")),
                  optional(choice(text("+"), text("-"))),
                  new Repeat(DIGIT, 1, 2))));

  static final Expression BOOLEAN = choice(text("true"), text("false"));

  static final Expression NULL = text("null");

  static final Expression STRING = string(0, UNBOUNDED);

  private JsonText() {}

  static Expression string(int least, int most) {
    return sequence(text("\""), new Call(CHARACTERS, least, most));
  }

  /** One character, however it is written: pairs of escaped surrogates are one. */
  static Expression character() {
    Expression continuation = new Range(0x80, 0xbf);
    Expression low =
        sequence(
            text("\\u"),
            choice(text("d"), text("D")),
            choice(new Range('c', 'f'), new Range('C', 'F')),
            HEX,
            HEX);
    Expression escaped =
        choice(
            sequence(
                choice(
                    DIGIT,
                    new Range('a', 'c'),
                    new Range('A', 'C'),
                    text("e"),
                    text("E"),
                    text("f"),
                    text("F")),
                HEX,
                HEX,
                HEX),
            sequence(choice(text("d"), text("D")), new Range('0', '7'), HEX, HEX),
            sequence(
                choice(text("d"), text("D")),
                choice(new Range('8', '9'), new Range('a', 'b'), new Range('A', 'B')),
                HEX,
                HEX,
                low));
    return choice(
        new Range(0x20, 0x21),
        new Range(0x23, 0x5b),
        new Range(0x5d, 0x7f),
        sequence(new Range(0xc2, 0xdf), continuation),
        sequence(new Range(0xe0, 0xe0), new Range(0xa0, 0xbf), continuation),
        sequence(choice(new Range(0xe1, 0xec), new Range(0xee, 0xef)), continuation, continuation),
        sequence(new Range(0xed, 0xed), new Range(0x80, 0x9f), continuation),
        sequence(new Range(0xf0, 0xf0), new Range(0x90, 0xbf), continuation, continuation),
        sequence(new Range(0xf1, 0xf3), continuation, continuation, continuation),
        sequence(new Range(0xf4, 0xf4), new Range(0x80, 0x8f), continuation, continuation),
        sequence(
            text("\\"),
            choice(
                text("\""),
                text("\\"),
                text("/"),
                text("b"),
                text("f"),
                text("n"),
                text("r"),
                text("t"),
                sequence(text("u"), escaped))));
  }

  static Expression value() {
    return choice(call(OBJECT), array(call(VALUE), 0, UNBOUNDED), STRING, NUMBER, BOOLEAN, NULL);
  }

  /** An object of any keys with values of one kind. */
  static Expression map(Expression value, int least, int most) {
    return container("{", list(sequence(STRING, COLON, value), least, most), "}");
  }

  static Expression array(Expression item, int least, int most) {
    return container("[", list(item, least, most), "]");
  }

  private static Expression list(Expression item, int least, int most) {
    if (most == 0) {
      return Expression.EMPTY;
    }
    Expression filled =
        sequence(
            item,
            new Repeat(
                sequence(COMMA, item),
                Math.max(0, least - 1),
                most == UNBOUNDED ? UNBOUNDED : most - 1));
    return least > 0 ? filled : optional(filled);
  }

  static Expression container(String open, Expression content, String close) {
    return sequence(text(open), SPACE, content, SPACE, text(close));
  }
}
