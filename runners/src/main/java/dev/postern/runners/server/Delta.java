package dev.postern.runners.server;

import java.util.List;

/**
 * A piece of an answer.
 *
 * @param tokens whose text it is; empty when log probabilities were not asked for
 * @param thoughts of the model before its content
 * @param calls of functions
 */
record Delta(
    String text, List<ScoredToken> tokens, String thoughts, List<AnswerParts.CallPiece> calls) {

  /** Text alone. */
  Delta(String text, List<ScoredToken> tokens) {
    this(text, tokens, "", List.of());
  }

  boolean isEmpty() {
    return text.isEmpty() && tokens.isEmpty() && thoughts.isEmpty() && calls.isEmpty();
  }
}
