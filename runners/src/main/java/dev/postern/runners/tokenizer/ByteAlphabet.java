package dev.postern.runners.tokenizer;

import java.nio.charset.StandardCharsets;

/**
 * GPT-2's spelling of bytes by printable characters: a printable Latin-1 byte stands for itself,
 * the others for the characters from U+0100 on, in order.
 */
final class ByteAlphabet {
  private static final byte[] BYTES = new byte[0x180];
  private static final boolean[] KNOWN = new boolean[0x180];

  static {
    int next = 0x100;
    for (int value = 0; value < 256; value++) {
      boolean printable =
          value >= '!' && value <= '~' || value >= 0xa1 && value <= 0xac || value >= 0xae;
      int character = printable ? value : next++;
      BYTES[character] = (byte) value;
      KNOWN[character] = true;
    }
  }

  private ByteAlphabet() {}

  static byte[] bytes(String piece) {
    byte[] bytes = new byte[piece.length()];
    for (int i = 0; i < bytes.length; i++) {
      char character = piece.charAt(i);
      if (character >= KNOWN.length || !KNOWN[character]) {
        // Not spelled by the alphabet, as padding tokens are not: it is its own text.
        return piece.getBytes(StandardCharsets.UTF_8);
      }
      bytes[i] = BYTES[character];
    }
    return bytes;
  }
}
