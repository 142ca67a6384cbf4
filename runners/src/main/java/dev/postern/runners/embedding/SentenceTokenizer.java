package dev.postern.runners.embedding;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.wire.BadRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** The model's own tokenizer; a text begins and ends with the model's framing tokens. */
final class SentenceTokenizer implements AutoCloseable {
  /**
   * Longer words become one unknown token, so a text of this many characters a token is too long.
   */
  private static final int LONGEST_WORD = 100;

  private static final Map<String, String> OPTIONS =
      Map.of("addSpecialTokens", "true", "truncation", "false", "padding", "false");

  static {
    // The native library is in the jar; nothing may be looked for on the network.
    System.setProperty("ai.djl.offline", "true");
    System.setProperty("OPT_OUT_TRACKING", "true");
  }

  private final HuggingFaceTokenizer tokenizer;
  private final int vocabulary;
  private final int maxTokens;
  private final int[] framing;

  SentenceTokenizer(Path file, int maxTokens) throws IOException {
    this.maxTokens = maxTokens;
    vocabulary = vocabularySize(file);
    tokenizer = HuggingFaceTokenizer.newInstance(file, OPTIONS);
    framing = ids("");
    if (framing.length != 2) {
      tokenizer.close();
      throw new IOException("the tokenizer does not frame a text with two tokens: " + file);
    }
  }

  int[] encode(String text, String path) {
    if (text.length() > (long) maxTokens * LONGEST_WORD) {
      throw tooLong("about " + text.length() / 4, path);
    }
    var ids = ids(text);
    if (ids.length > maxTokens) {
      throw tooLong(Integer.toString(ids.length), path);
    }
    return ids;
  }

  int[] frame(int[] chosen, String path) {
    int begin = chosen[0] == framing[0] ? 0 : 1;
    int end = chosen[chosen.length - 1] == framing[1] ? 0 : 1;
    var ids = new int[chosen.length + begin + end];
    if (ids.length > maxTokens) {
      throw tooLong(Integer.toString(ids.length), path);
    }
    for (int i = 0; i < chosen.length; i++) {
      if (chosen[i] >= vocabulary) {
        throw new BadRequest(
            "'%s' holds the token id %d; this model has ids below %d."
                .formatted(path, chosen[i], vocabulary),
            path,
            "invalid_value");
      }
      ids[i + begin] = chosen[i];
    }
    ids[0] = framing[0];
    ids[ids.length - 1] = framing[1];
    return ids;
  }

  private int[] ids(String text) {
    var ids = tokenizer.encode(text).getIds();
    var result = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      result[i] = (int) ids[i];
    }
    return result;
  }

  private BadRequest tooLong(String tokens, String path) {
    return new BadRequest(
        "'%s' has %s tokens, but this model reads at most %d; send it in parts."
            .formatted(path, tokens, maxTokens),
        path,
        "context_length_exceeded");
  }

  private static int vocabularySize(Path file) throws IOException {
    int size = 0;
    try (var parser = new ObjectMapper().createParser(file.toFile())) {
      while (parser.nextToken() != null) {
        if (parser.currentToken() == JsonToken.FIELD_NAME && parser.currentName().equals("vocab")) {
          parser.nextToken();
          while (parser.nextToken() == JsonToken.FIELD_NAME) {
            size = Math.max(size, parser.nextIntValue(0) + 1);
          }
          return size;
        }
      }
    }
    throw new IOException("no vocabulary in " + file);
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
