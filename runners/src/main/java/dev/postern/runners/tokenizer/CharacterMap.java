package dev.postern.runners.tokenizer;

import static dev.postern.runners.tokenizer.TokenizerFile.require;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.IntBuffer;
import java.util.ArrayDeque;
import java.util.Base64;
import java.util.BitSet;

/**
 * Checks SentencePiece's compiled normalisation: the size of a trie in bytes (32 bits, little
 * endian), the trie as a double array (Darts: 32-bit units), and the replacements, each ended by a
 * zero byte. The library follows the trie without looking where it ends.
 */
final class CharacterMap {
  private static final int MAX_BYTES = 4 << 20;

  private CharacterMap() {}

  static void check(JsonNode encoded) throws IOException {
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(encoded.asText());
    } catch (IllegalArgumentException e) {
      throw TokenizerFile.unsound("its character map is not base64");
    }
    require(bytes.length >= 4 && bytes.length <= MAX_BYTES, "its character map has no sound size");
    var map = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int size = map.getInt();
    require(
        size >= 4 && size % 4 == 0 && size <= map.remaining(), "its character map is cut short");
    var trie = map.slice(4, size).order(ByteOrder.LITTLE_ENDIAN).asIntBuffer();
    walk(trie, replacements(bytes, 4 + size));
  }

  /** Where a replacement may begin: on a whole character. */
  private static BitSet replacements(byte[] bytes, int from) {
    var starts = new BitSet();
    for (int i = from; i < bytes.length; i++) {
      if ((bytes[i] & 0xc0) != 0x80) {
        starts.set(i - from);
      }
    }
    starts.set(bytes.length - from);
    return starts;
  }

  private static void walk(IntBuffer trie, BitSet replacements) throws IOException {
    var seen = new BitSet();
    var open = new ArrayDeque<Integer>();
    open.add(offset(trie.get(0)));
    while (!open.isEmpty()) {
      int base = open.remove();
      if (seen.get(base)) {
        continue;
      }
      seen.set(base);
      // Any byte of a text may be looked up from here.
      require((base | 0xff) < trie.limit(), "its character map leads out of itself");
      for (int character = 1; character < 256; character++) {
        int unit = trie.get(base ^ character);
        if ((unit & 0x800000ff) != character) {
          continue;
        }
        int next = base ^ character ^ offset(unit);
        require(next < trie.limit(), "its character map leads out of itself");
        if ((unit & 0x100) != 0) {
          require(
              replacements.get(trie.get(next) & 0x7fffffff),
              "its character map has a replacement that is not there");
        }
        open.add(next);
      }
    }
  }

  /** Darts: 22 bits, or 8 more when the unit says that they are in steps of 256. */
  private static int offset(int unit) {
    return (unit >>> 10) << ((unit & 0x200) >>> 6);
  }
}
