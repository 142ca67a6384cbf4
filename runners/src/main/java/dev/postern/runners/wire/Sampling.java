package dev.postern.runners.wire;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is chosen. Applied in this order: the penalties and the bias, the temperature,
 * then what narrows the choice: {@code topK}, {@code typicalP}, {@code topP}, {@code minP}, each
 * over what the one before it left.
 *
 * @param temperature 0 to 2; 0 is greedy
 * @param topP 0 to 1: the likeliest tokens that together have this probability
 * @param n how many choices
 * @param seed makes a run reproducible; null draws a fresh one
 * @param stop up to four texts that end the answer and are not part of it
 * @param presencePenalty -2 to 2, off the logit of every token that the answer has already
 * @param frequencyPenalty -2 to 2, off it for each time
 * @param logitBias added to the logits of these token ids, -100 to 100; -100 forbids the token
 * @param logprobs report the chosen token's log probability
 * @param topLogprobs how many alternatives to report, 0 to 20
 * @param topK the likeliest so many tokens; 0 for all
 * @param minP 0 to 1: tokens with at least this share of the likeliest one's probability
 * @param typicalP 0 to 1: the tokens whose surprise is nearest to the expected one and that
 *     together have this probability (locally typical sampling, Meister et al. 2022)
 * @param repetitionPenalty above 0 to 10; the logit of every token of the prompt and the answer is
 *     divided by it where positive, else multiplied (Keskar et al. 2019); 1 for none
 */
public record Sampling(
    double temperature,
    double topP,
    int n,
    @Nullable Long seed,
    List<String> stop,
    double presencePenalty,
    double frequencyPenalty,
    Map<Integer, Double> logitBias,
    boolean logprobs,
    int topLogprobs,
    int topK,
    double minP,
    double typicalP,
    double repetitionPenalty) {

  public Sampling {
    stop = List.copyOf(stop);
    logitBias = Map.copyOf(logitBias);
  }

  /** With what the OpenAI API knows alone. */
  public Sampling(
      double temperature,
      double topP,
      int n,
      @Nullable Long seed,
      List<String> stop,
      double presencePenalty,
      double frequencyPenalty,
      Map<Integer, Double> logitBias,
      boolean logprobs,
      int topLogprobs) {
    this(
        temperature,
        topP,
        n,
        seed,
        stop,
        presencePenalty,
        frequencyPenalty,
        logitBias,
        logprobs,
        topLogprobs,
        0,
        0,
        1,
        1);
  }

  public Sampling withSeed(long chosen) {
    return with(chosen, stop, logprobs);
  }

  public Sampling withLogprobs() {
    return with(seed, stop, true);
  }

  /** With further texts that end the answer. */
  public Sampling withStops(List<String> more) {
    return with(seed, Stream.concat(stop.stream(), more.stream()).toList(), logprobs);
  }

  private Sampling with(
      @Nullable Long otherSeed, List<String> otherStops, boolean otherLogprobs) {
    return new Sampling(
        temperature,
        topP,
        n,
        otherSeed,
        otherStops,
        presencePenalty,
        frequencyPenalty,
        logitBias,
        otherLogprobs,
        topLogprobs,
        topK,
        minP,
        typicalP,
        repetitionPenalty);
  }
}
