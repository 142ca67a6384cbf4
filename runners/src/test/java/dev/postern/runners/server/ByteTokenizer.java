package dev.postern.runners.server;

import dev.postern.runners.engine.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.IntStream;

/** One token for each byte, and the control tokens of ChatML. */
final class ByteTokenizer implements Tokenizer {
  static final List<String> CONTROLS = List.of("<|im_start|>", "<|im_end|>");
  static final int START = 256;
  static final int END = 257;

  @Override
  public int[] encode(String text, boolean special) {
    var ids = IntStream.builder();
    int from = 0;
    while (from < text.length()) {
      int control = special ? controlAt(text, from) : -1;
      if (control >= 0) {
        ids.add(START + control);
        from += CONTROLS.get(control).length();
      } else {
        int end = text.offsetByCodePoints(from, 1);
        for (byte b : text.substring(from, end).getBytes(StandardCharsets.UTF_8)) {
          ids.add(b & 0xff);
        }
        from = end;
      }
    }
    return ids.build().toArray();
  }

  private static int controlAt(String text, int from) {
    for (int i = 0; i < CONTROLS.size(); i++) {
      if (text.startsWith(CONTROLS.get(i), from)) {
        return i;
      }
    }
    return -1;
  }

  String decode(int[] ids) {
    var bytes = new ByteArrayOutputStream();
    for (int id : ids) {
      bytes.writeBytes(ScoredToken.shown(id, this));
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] bytes(int id) {
    return id < START ? new byte[] {(byte) id} : new byte[0];
  }

  @Override
  public String piece(int id) {
    return id < START ? "0x" + Integer.toHexString(id) : CONTROLS.get(id - START);
  }

  @Override
  public int vocabularySize() {
    return START + CONTROLS.size();
  }

  @Override
  public boolean endsGeneration(int id) {
    return id == END;
  }
}
