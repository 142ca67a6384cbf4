package dev.postern.runners.server;

import dev.postern.runners.grammar.CallFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Tells what a model says apart: thoughts, content, and calls of functions. Takes its text in
 * pieces of any size; the joined result is the same.
 */
final class AnswerParts {
  private static final String THOUGHT = "<think>";
  private static final String THOUGHT_OVER = "</think>";

  /** Control tokens that stand for parts, where a vocabulary counts them among those. */
  static final List<String> SPELLED =
      List.of(THOUGHT, THOUGHT_OVER, "<tool_call>", "</tool_call>", "[TOOL_CALLS]");

  private enum Phase {
    OPENING,
    THOUGHTS,
    CONTENT,
    CALL_HEAD,
    CALL_NAME,
    CALL_MIDDLE,
    ARGUMENTS
  }

  /**
   * A piece of a call.
   *
   * @param id and {@code name} come with a call's first piece, else null
   */
  record CallPiece(int index, @Nullable String id, @Nullable String name, String arguments) {}

  /** What a piece of text has brought of each part. */
  record Parts(String content, String thoughts, List<CallPiece> calls) {}

  private final @Nullable CallFormat format;
  private Phase phase;
  private String pending = "";
  private boolean fresh;
  private int calls;
  private int depth;
  private boolean quoted;
  private boolean escaped;

  /**
   * @param thinks whether its thoughts are told apart
   * @param begun whether the prompt has begun them already
   * @param format of the calls it may make; null for none
   */
  AnswerParts(boolean thinks, boolean begun, @Nullable CallFormat format) {
    this.format = format;
    this.phase = begun ? Phase.THOUGHTS : thinks ? Phase.OPENING : Phase.CONTENT;
    this.fresh = begun;
  }

  boolean thinking() {
    return phase == Phase.THOUGHTS;
  }

  boolean called() {
    return calls > 0;
  }

  Parts accept(String text) {
    return take(text, false);
  }

  /** What was held back: nothing comes any more. */
  Parts finish() {
    return take("", true);
  }

  private Parts take(String text, boolean last) {
    pending += text;
    var content = new StringBuilder();
    var thoughts = new StringBuilder();
    var pieces = new ArrayList<CallPiece>();
    boolean moves = true;
    while (moves) {
      moves =
          switch (phase) {
            case OPENING -> open(last);
            case THOUGHTS -> think(thoughts, last);
            case CONTENT -> speak(content, last);
            case CALL_HEAD -> skipPast(CallFormat.NAME, Phase.CALL_NAME);
            case CALL_NAME -> name(pieces);
            case CALL_MIDDLE -> middle();
            case ARGUMENTS -> arguments(pieces);
          };
    }
    return new Parts(content.toString(), thoughts.toString(), pieces);
  }

  private boolean open(boolean last) {
    String said = pending.stripLeading();
    if (said.startsWith(THOUGHT)) {
      pending = said.substring(THOUGHT.length());
      phase = Phase.THOUGHTS;
      fresh = true;
      return true;
    }
    if (!last && THOUGHT.startsWith(said)) {
      return false;
    }
    phase = Phase.CONTENT;
    return true;
  }

  /** Space around a block of thoughts belongs to nobody. */
  private void skipSpace() {
    if (fresh) {
      pending = pending.stripLeading();
      fresh = pending.isEmpty();
    }
  }

  private boolean think(StringBuilder thoughts, boolean last) {
    skipSpace();
    int over = pending.indexOf(THOUGHT_OVER);
    if (over >= 0) {
      thoughts.append(pending.substring(0, over).stripTrailing());
      pending = pending.substring(over + THOUGHT_OVER.length());
      phase = Phase.CONTENT;
      fresh = true;
      return true;
    }
    thoughts.append(release(withoutTail(THOUGHT_OVER, last)));
    return false;
  }

  private boolean speak(StringBuilder content, boolean last) {
    skipSpace();
    if (pending.isEmpty()) {
      return false;
    }
    if (format == null) {
      content.append(release(pending.length()));
      return false;
    }
    int at = pending.indexOf(format.trigger());
    if (at >= 0) {
      content.append(pending.substring(0, at).stripTrailing());
      pending = pending.substring(at);
      phase = Phase.CALL_HEAD;
      return true;
    }
    content.append(release(withoutTail(format.trigger(), last)));
    return false;
  }

  /** Sends so much of what is pending, and keeps the rest. */
  private String release(int length) {
    String sent = pending.substring(0, length);
    pending = pending.substring(length);
    return sent;
  }

  /** Length of what is pending without an end that may begin a mark, and the space before it. */
  private int withoutTail(String mark, boolean last) {
    if (last) {
      return pending.length();
    }
    int end = pending.length();
    for (int length = Math.min(mark.length() - 1, end); length > 0; length--) {
      if (pending.regionMatches(end - length, mark, 0, length)) {
        end -= length;
        break;
      }
    }
    return pending.substring(0, end).stripTrailing().length();
  }

  private boolean skipPast(String mark, Phase next) {
    int at = pending.indexOf(mark);
    if (at < 0) {
      return false;
    }
    pending = pending.substring(at + mark.length());
    phase = next;
    return true;
  }

  private boolean name(List<CallPiece> pieces) {
    int end = pending.indexOf('"');
    if (end < 0) {
      return false;
    }
    String id = "call_" + UUID.randomUUID().toString().replace("-", "").substring(0, 24);
    pieces.add(new CallPiece(calls++, id, pending.substring(0, end), ""));
    pending = pending.substring(end);
    phase = Phase.CALL_MIDDLE;
    return true;
  }

  private boolean middle() {
    depth = 0;
    return skipPast(format == null ? "" : format.middle(), Phase.ARGUMENTS);
  }

  /** Arguments are one object: they end with the bracket that closes it. */
  private boolean arguments(List<CallPiece> pieces) {
    int end = 0;
    boolean over = false;
    while (end < pending.length() && !over) {
      over = closes(pending.charAt(end++));
    }
    if (end > 0) {
      pieces.add(new CallPiece(calls - 1, null, null, release(end)));
    }
    if (over) {
      phase = Phase.CALL_HEAD;
    }
    return over;
  }

  private boolean closes(char next) {
    if (quoted) {
      quoted = escaped || next != '"';
      escaped = !escaped && next == '\\';
      return false;
    }
    switch (next) {
      case '"' -> quoted = true;
      case '{', '[' -> depth++;
      case '}', ']' -> depth--;
      default -> {}
    }
    return depth == 0;
  }
}
