package dev.postern.runners.grammar;

import dev.postern.runners.engine.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Every byte, chunks of JSON cut anywhere, also within characters, and a token that ends. */
final class ChunkTokenizer implements Tokenizer {
  private static final String SAMPLE =
      """
      {"name": "Müller 🎉 \\u00e9\\ud83d\\ude00", "list": [1, 22, -3.5e+7, true, false, null],
        "nested": {"id":"a-1","tags":["x","y","日本"]}, "empty":{},"at":"2024-02-29T10:11:12Z"}
      """;

  private final List<byte[]> tokens = new ArrayList<>();
  private final int end;

  ChunkTokenizer(int chunks, long seed) {
    for (int b = 0; b < 256; b++) {
      tokens.add(new byte[] {(byte) b});
    }
    byte[] sample = SAMPLE.getBytes(StandardCharsets.UTF_8);
    Random random = new Random(seed);
    Set<List<Byte>> seen = new LinkedHashSet<>();
    while (seen.size() < chunks) {
      int from = random.nextInt(sample.length - 12);
      List<Byte> chunk = new ArrayList<>();
      for (byte b : Arrays.copyOfRange(sample, from, from + 2 + random.nextInt(10))) {
        chunk.add(b);
      }
      if (seen.add(chunk)) {
        byte[] token = new byte[chunk.size()];
        for (int i = 0; i < token.length; i++) {
          token[i] = chunk.get(i);
        }
        tokens.add(token);
      }
    }
    end = tokens.size();
  }

  @Override
  public int[] encode(String text, boolean special) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      ids[i] = bytes[i] & 0xff;
    }
    return ids;
  }

  @Override
  public byte[] bytes(int id) {
    return id == end ? new byte[0] : tokens.get(id);
  }

  @Override
  public String piece(int id) {
    return id == end ? "<end>" : new String(tokens.get(id), StandardCharsets.UTF_8);
  }

  @Override
  public int vocabularySize() {
    return end + 1;
  }

  @Override
  public boolean endsGeneration(int id) {
    return id == end;
  }
}
