package dev.postern.runners.grammar;

import dev.postern.runners.engine.Tokenizer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/**
 * A vocabulary as a tree of bytes, laid out in the order of a walk through it, so that one pass
 * over arrays visits every token's beginnings once and can leave out what lies behind a byte.
 */
final class TokenTrie {
  private final int vocabularySize;
  private final byte[][] bytes;
  private final int[] ends;
  private final byte[] labels;
  private final short[] depths;
  private final int[] skips;
  private final int[] tokensBegin;
  private final int[] tokens;
  private final int longest;
  private int nodes;

  /**
   * @param spelled control tokens that a grammar may ask for by their names
   */
  static TokenTrie of(Tokenizer tokenizer, Set<String> spelled) {
    return new TokenTrie(tokenizer, spelled);
  }

  private TokenTrie(Tokenizer tokenizer, Set<String> spelled) {
    vocabularySize = tokenizer.vocabularySize();
    bytes = new byte[vocabularySize][];
    List<Integer> ending = new ArrayList<>();
    List<Integer> sorted = new ArrayList<>();
    int total = 0;
    for (int id = 0; id < vocabularySize; id++) {
      bytes[id] = tokenizer.bytes(id);
      if (bytes[id].length == 0 && spelled.contains(tokenizer.piece(id))) {
        bytes[id] = tokenizer.piece(id).getBytes(StandardCharsets.UTF_8);
      }
      if (tokenizer.endsGeneration(id)) {
        ending.add(id);
      } else if (bytes[id].length > 0 && bytes[id].length <= Short.MAX_VALUE) {
        sorted.add(id);
        total += bytes[id].length;
      }
    }
    sorted.sort((one, two) -> Arrays.compareUnsigned(bytes[one], bytes[two]));
    ends = ending.stream().mapToInt(Integer::intValue).toArray();
    longest = sorted.stream().mapToInt(id -> bytes[id].length).max().orElse(0);
    labels = new byte[total];
    depths = new short[total];
    skips = new int[total];
    tokensBegin = new int[total + 1];
    tokens = sorted.stream().mapToInt(Integer::intValue).toArray();
    build();
  }

  private void build() {
    int[] open = new int[Short.MAX_VALUE + 1];
    int depth = 0;
    byte[] previous = new byte[0];
    for (int i = 0; i < tokens.length; i++) {
      byte[] token = bytes[tokens[i]];
      int common = Math.max(0, Arrays.mismatch(previous, token));
      if (Arrays.equals(previous, token)) {
        common = token.length;
      }
      for (; depth > common; depth--) {
        skips[open[depth]] = nodes;
      }
      for (; depth < token.length; depth++) {
        labels[nodes] = token[depth];
        depths[nodes] = (short) (depth + 1);
        tokensBegin[nodes] = i;
        open[depth + 1] = nodes++;
      }
      previous = token;
    }
    for (; depth > 0; depth--) {
      skips[open[depth]] = nodes;
    }
    tokensBegin[nodes] = tokens.length;
  }

  int vocabularySize() {
    return vocabularySize;
  }

  /** The words of a set of ids. */
  int words() {
    return (vocabularySize + 63) >>> 6;
  }

  /** What a token stands for; empty for control tokens. */
  byte[] bytes(int token) {
    return bytes[token];
  }

  /** The tokens that end an answer. */
  int[] ends() {
    return ends;
  }

  int nodes() {
    return nodes;
  }

  int label(int node) {
    return labels[node] & 0xff;
  }

  /** Bytes from the root, the node's own included. */
  int depth(int node) {
    return depths[node];
  }

  /** Bytes of the longest token. */
  int longest() {
    return longest;
  }

  /** The first node behind all that begin with this one's bytes. */
  int skip(int node) {
    return skips[node];
  }

  /** Where the tokens of these very bytes begin; they end where the next node's begin. */
  int tokensBegin(int node) {
    return tokensBegin[node];
  }

  int token(int place) {
    return tokens[place];
  }
}
