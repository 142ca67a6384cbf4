package dev.postern.runners.server;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Turns the bytes of tokens into text that can be sent: whole characters only, and nothing that may
 * turn out to be part of a stop text. Whatever the split into tokens, the joined result is the
 * same.
 *
 * <p>The stop text that is complete first ends the answer; of two complete at the same character,
 * the longer.
 */
final class TextAssembler {
  private final List<String> stops;
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer undecoded = ByteBuffer.allocate(0);
  private String held = "";
  private long decodedBytes;
  private boolean stopped;

  TextAssembler(List<String> stops) {
    this.stops = stops;
  }

  /** Takes a token's bytes and returns what can be sent now. */
  String append(byte[] token) {
    return stopped ? "" : release(held + decode(token, false), false);
  }

  /** Returns what was held back: nothing comes any more. */
  String finish() {
    return stopped ? "" : release(held + decode(new byte[0], true), true);
  }

  /** A stop text came; the answer ends before it. */
  boolean stopped() {
    return stopped;
  }

  /** How many of the appended bytes the text returned so far stands for. */
  long sentBytes() {
    return decodedBytes - held.getBytes(StandardCharsets.UTF_8).length;
  }

  private String decode(byte[] token, boolean last) {
    var in = ByteBuffer.allocate(undecoded.remaining() + token.length);
    in.put(undecoded).put(token).flip();
    var out = CharBuffer.allocate(in.remaining() + 1);
    decoder.decode(in, out, last);
    if (last) {
      decoder.flush(out);
    }
    decodedBytes += in.position();
    undecoded = in.slice();
    return out.flip().toString();
  }

  private String release(String text, boolean last) {
    int cut = stopStart(text);
    if (cut >= 0) {
      stopped = true;
      // What follows the cut is not sent, now or later.
      held = text.substring(cut);
      return text.substring(0, cut);
    }
    int keep = last ? 0 : possibleStop(text);
    held = text.substring(text.length() - keep);
    return text.substring(0, text.length() - keep);
  }

  private int stopStart(String text) {
    int start = -1;
    int firstEnd = Integer.MAX_VALUE;
    for (var stop : stops) {
      int at = text.indexOf(stop);
      int end = at + stop.length();
      if (at >= 0 && (end < firstEnd || (end == firstEnd && at < start))) {
        start = at;
        firstEnd = end;
      }
    }
    return start;
  }

  /** Length of the longest end of {@code text} with which a stop text begins. */
  private int possibleStop(String text) {
    int longest = 0;
    for (var stop : stops) {
      for (int length = Math.min(stop.length() - 1, text.length()); length > longest; length--) {
        if (text.regionMatches(text.length() - length, stop, 0, length)) {
          longest = length;
          break;
        }
      }
    }
    return longest;
  }
}
