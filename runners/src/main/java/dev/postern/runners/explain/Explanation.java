package dev.postern.runners.explain;

import java.util.List;

/**
 * Why a model answers a prompt so. Log probabilities are natural, of the model's own distribution.
 *
 * @param prompt its tokens
 * @param answer its tokens, without one that ends it
 * @param generated whether the model wrote the answer, greedily; else it was given
 * @param spans empty where attribution was not asked for
 * @param layers empty where early decoding was not asked for, or the graph does not name its layers
 * @param read how many tokens the model has read in all, for the cost
 */
public record Explanation(
    int[] prompt,
    int[] answer,
    boolean generated,
    List<AnswerToken> tokens,
    List<Span> spans,
    List<Layer> layers,
    int read) {

  /**
   * @param top the likeliest tokens in its place, descending
   */
  public record AnswerToken(int id, double logprob, List<Alternative> top) {}

  public record Alternative(int id, double logprob) {}

  /**
   * Part of the prompt.
   *
   * @param from first token
   * @param to the token after its last
   * @param effect ln p(answer | prompt) − ln p(answer | prompt without the span); positive where it
   *     speaks for the answer
   */
  public record Span(int from, int to, double effect) {}

  /**
   * What the model would say if it stopped before a layer.
   *
   * @param index layers gone through; 0 is the embedding, the last is the model's own output
   * @param cells one for each token of the answer, in its place
   */
  public record Layer(int index, List<Cell> cells) {}

  /**
   * @param id the likeliest token
   * @param probability of it
   * @param answerProbability of the answer's token
   * @param answerRank of the answer's token, from 1
   */
  public record Cell(int id, double probability, double answerProbability, int answerRank) {}

  double logprob() {
    return tokens.stream().mapToDouble(AnswerToken::logprob).sum();
  }
}
