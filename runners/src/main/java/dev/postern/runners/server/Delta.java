package dev.postern.runners.server;

import java.util.List;

/**
 * A piece of an answer.
 *
 * @param tokens whose text it is; empty when log probabilities were not asked for
 */
record Delta(String text, List<ScoredToken> tokens) {
  boolean isEmpty() {
    return text.isEmpty() && tokens.isEmpty();
  }
}
