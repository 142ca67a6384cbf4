package dev.postern.runners.encoder;

import ai.djl.huggingface.tokenizers.Encoding;
import dev.postern.runners.encoder.Encoder.Input;
import dev.postern.runners.tokenizer.NativeTokenizer;
import dev.postern.runners.tokenizer.TokenizerFile;
import dev.postern.runners.wire.BadRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/** The model's own tokenizer; a text begins and ends with the model's framing tokens. */
final class EncoderTokenizer implements AutoCloseable {
  /**
   * Longer words become one unknown token, so a text of this many characters a token is too long.
   */
  private static final int LONGEST_WORD = 100;

  /** {@link Encoding#getSequenceIds} of a pair's second text. */
  private static final int SECOND = 1;

  private final NativeTokenizer tokenizer;
  private final int vocabulary;
  private final int maxTokens;
  private final int[] framing;

  EncoderTokenizer(Path path, int maxTokens) throws IOException {
    this.maxTokens = maxTokens;
    var file = TokenizerFile.read(path);
    vocabulary = file.size();
    tokenizer = NativeTokenizer.framing(file);
    framing = ints(tokenizer.encode("").getIds());
    if (framing.length != 2) {
      tokenizer.close();
      throw new IOException("the tokenizer does not frame a text with two tokens: " + path);
    }
  }

  Input text(String text, String path) {
    if (text.length() > longest()) {
      throw tooLong("about " + text.length() / 4, path);
    }
    var encoding = tokenizer.encode(text);
    var ids = ints(encoding.getIds());
    if (ids.length > maxTokens) {
      throw tooLong(Integer.toString(ids.length), path);
    }
    return new Input(ids, ints(encoding.getTypeIds()));
  }

  Input pair(String query, String document, int documentTokens) {
    if (query.length() > longest()) {
      throw tooLong("about " + query.length() / 4, "query");
    }
    var encoding = tokenizer.encode(query, start(document));
    var ids = ints(encoding.getIds());
    var segments = ints(encoding.getTypeIds());
    var sequences = encoding.getSequenceIds();
    int begin = 0;
    while (begin < ids.length && sequences[begin] != SECOND) {
      begin++;
    }
    int end = begin;
    while (end < ids.length && sequences[end] == SECOND) {
      end++;
    }
    int frame = ids.length - (end - begin);
    if (frame >= maxTokens) {
      throw new BadRequest(
          "'query' has %d tokens, framing included, which leaves no room for a document: this model reads at most %d."
              .formatted(frame, maxTokens),
          "query",
          "context_length_exceeded");
    }
    int kept = Math.min(end - begin, Math.min(documentTokens, maxTokens - frame));
    return new Input(without(ids, begin + kept, end), without(segments, begin + kept, end));
  }

  Input framed(int[] chosen, String path) {
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
    return new Input(ids, new int[ids.length]);
  }

  private long longest() {
    return (long) maxTokens * LONGEST_WORD;
  }

  /** As much of a document as could be read, without half a character at its end. */
  private String start(String document) {
    if (document.length() <= longest()) {
      return document;
    }
    int end = (int) longest();
    return document.substring(
        0, Character.isHighSurrogate(document.charAt(end - 1)) ? end - 1 : end);
  }

  private static int[] without(int[] values, int from, int to) {
    var kept = Arrays.copyOf(values, values.length - (to - from));
    System.arraycopy(values, to, kept, from, values.length - to);
    return kept;
  }

  private static int[] ints(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }

  private BadRequest tooLong(String tokens, String path) {
    return new BadRequest(
        "'%s' has %s tokens, but this model reads at most %d; send it in parts."
            .formatted(path, tokens, maxTokens),
        path,
        "context_length_exceeded");
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
