package dev.postern.gateway.inspect.rules;

import dev.postern.gateway.inspect.Detector;
import dev.postern.gateway.inspect.Scan;
import dev.postern.gateway.inspect.Window;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A tenant's words and phrases, found whole and whatever their case, width or spacing. Each place
 * where a word may begin is followed down a tree of all phrases.
 */
final class BlockListDetector implements Detector {
  private final Node root = new Node();

  /** The ASCII characters that a phrase may begin with, as they stand in the text. */
  private final boolean[] starts = new boolean[128];

  BlockListDetector(List<String> phrases) {
    for (String phrase : phrases) {
      add(phrase);
    }
    for (char character = 0; character < starts.length; character++) {
      starts[character] = root.follow(Folding.fold(character)) != null;
    }
  }

  @Override
  public String name() {
    return "topic.block_list";
  }

  @Override
  public Scan next(Window text, int from) {
    if (root.next.isEmpty()) {
      return new Scan.Clear(text.length());
    }
    for (int at = from; at < text.length(); at++) {
      char character = text.at(at);
      boolean possible =
          character < starts.length ? starts[character] : !Character.isLowSurrogate(character);
      if (!possible || !isBoundary(text, at)) {
        continue;
      }
      var scan = walk(text, at);
      if (scan != null) {
        return scan;
      }
    }
    return new Scan.Clear(text.length());
  }

  private @Nullable Scan walk(Window text, int start) {
    int found = -1;
    int at = start;
    var node = root;
    boolean space = false;
    while (at - start < Window.MAX_HOLD - 2) {
      if (at == text.length()) {
        if (!text.complete()) {
          return new Scan.Clear(start);
        }
        found = node.terminal && at > start ? at : found;
        break;
      }
      char character = text.at(at);
      boolean pair = Character.isHighSurrogate(character);
      if (pair && at + 1 == text.length() && !text.complete()) {
        return new Scan.Clear(start);
      }
      int codePoint =
          pair && at + 1 < text.length()
              ? Character.toCodePoint(character, text.at(at + 1))
              : character;
      if (node.terminal && isBoundary(text, at)) {
        found = at;
      }
      String folded = Folding.fold(codePoint);
      boolean repeated = space && folded.equals(" ");
      if (!repeated) {
        var next = node.follow(folded);
        if (next == null || (folded.isEmpty() && at == start)) {
          break;
        }
        node = next;
      }
      space = folded.equals(" ") || (space && folded.isEmpty());
      at += codePoint > Character.MAX_VALUE ? 2 : 1;
    }
    return found < 0 ? null : Scan.Match.closed(start, found);
  }

  /** Whether a word may begin or end at a position: between scripts without spaces, anywhere. */
  private static boolean isBoundary(Window text, int at) {
    return !text.alphanumeric(at - 1)
        || !text.alphanumeric(at)
        || isUnspaced(text.at(at))
        || isUnspaced(text.at(at - 1));
  }

  private static boolean isUnspaced(char character) {
    if (character < 0x0E00) {
      return false;
    }
    return switch (Character.UnicodeScript.of(character)) {
      case HAN, HIRAGANA, KATAKANA, THAI, LAO, KHMER, MYANMAR -> true;
      default -> false;
    };
  }

  private void add(String phrase) {
    var node = root;
    var folded = new StringBuilder();
    phrase.codePoints().forEach(codePoint -> folded.append(Folding.fold(codePoint)));
    String spelling = folded.toString().strip().replaceAll(" +", " ");
    for (int i = 0; i < spelling.length(); i++) {
      node = node.next.computeIfAbsent(spelling.charAt(i), character -> new Node());
    }
    node.terminal = node != root;
  }

  private static final class Node {
    private final Map<Character, Node> next = new HashMap<>(4);
    private boolean terminal;

    private @Nullable Node follow(String characters) {
      var node = this;
      for (int i = 0; i < characters.length(); i++) {
        node = node.next.get(characters.charAt(i));
        if (node == null) {
          return null;
        }
      }
      return node;
    }
  }
}
