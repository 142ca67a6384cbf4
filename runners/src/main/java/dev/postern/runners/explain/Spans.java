package dev.postern.runners.explain;

import dev.postern.runners.engine.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Parts a prompt into what is left out one by one: words, or longer stretches of a long prompt. */
final class Spans {
  /**
   * @param to the token after its last
   */
  record Stretch(int from, int to) {}

  private Spans() {}

  /**
   * Words begin where the text has a space or a line break before them. Control tokens are in none:
   * without them the prompt would be no chat.
   *
   * @param most of them; neighbours are joined until there are no more. Where even whole turns are
   *     more, the last ones are taken
   */
  static List<Stretch> of(int[] prompt, Tokenizer tokenizer, int most) {
    List<List<Stretch>> turns = new ArrayList<>();
    List<Stretch> turn = new ArrayList<>();
    for (int at = 0; at < prompt.length; at++) {
      byte[] bytes = tokenizer.bytes(prompt[at]);
      if (bytes.length == 0) {
        turns.add(turn);
        turn = new ArrayList<>();
      } else if (turn.isEmpty() || beginsWord(bytes)) {
        turn.add(new Stretch(at, at + 1));
      } else {
        turn.add(new Stretch(turn.removeLast().from(), at + 1));
      }
    }
    turns.add(turn);
    int longest = turns.stream().mapToInt(List::size).max().orElse(0);
    List<Stretch> spans = joined(turns, 1);
    for (int together = 2; spans.size() > most && together <= longest; together++) {
      spans = joined(turns, together);
    }
    return spans.size() > most ? spans.subList(spans.size() - most, spans.size()) : spans;
  }

  private static boolean beginsWord(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    return Character.isWhitespace(text.charAt(0));
  }

  /** Never over the border of a turn, so there are at least as many as turns with text. */
  private static List<Stretch> joined(List<List<Stretch>> turns, int together) {
    List<Stretch> spans = new ArrayList<>();
    for (List<Stretch> turn : turns) {
      for (int first = 0; first < turn.size(); first += together) {
        int last = Math.min(turn.size(), first + together) - 1;
        spans.add(new Stretch(turn.get(first).from(), turn.get(last).to()));
      }
    }
    return spans;
  }
}
