package dev.postern.runners.server;

import dev.postern.runners.engine.Generator;
import dev.postern.runners.engine.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A token with what is reported about it.
 *
 * @param bytes its text; shorter than the token's own where a stop text cuts through it
 * @param first the first token of a prompt, which nothing predicted
 */
record ScoredToken(byte[] bytes, float logprob, List<Alternative> top, boolean first) {

  record Alternative(byte[] bytes, float logprob) {}

  /** A token of an answer: control tokens are no part of its text. */
  static ScoredToken produced(Generator.Token token, Tokenizer tokenizer) {
    return new ScoredToken(
        tokenizer.bytes(token.id()), finite(token.logprob()), top(token, tokenizer), false);
  }

  /** A token of a prompt, as the model would have predicted it. */
  static ScoredToken prompt(Generator.Token token, Tokenizer tokenizer) {
    return new ScoredToken(
        shown(token.id(), tokenizer), finite(token.logprob()), top(token, tokenizer), false);
  }

  static ScoredToken first(int id, Tokenizer tokenizer) {
    return new ScoredToken(shown(id, tokenizer), 0, List.of(), true);
  }

  /** Control tokens give no bytes: where they must be seen, their name stands for them. */
  static byte[] shown(int id, Tokenizer tokenizer) {
    var bytes = tokenizer.bytes(id);
    return bytes.length == 0 ? tokenizer.piece(id).getBytes(StandardCharsets.UTF_8) : bytes;
  }

  ScoredToken cut(int length) {
    return new ScoredToken(Arrays.copyOf(bytes, length), logprob, top, first);
  }

  private static List<Alternative> top(Generator.Token token, Tokenizer tokenizer) {
    return token.top().stream()
        .map(other -> new Alternative(shown(other.id(), tokenizer), finite(other.logprob())))
        .toList();
  }

  /** JSON has no infinity; the API uses this number for what cannot happen. */
  private static float finite(float logprob) {
    return Float.isFinite(logprob) ? logprob : -9999f;
  }
}
