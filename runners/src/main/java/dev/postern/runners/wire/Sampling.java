package dev.postern.runners.wire;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How the next token is chosen.
 *
 * @param temperature 0 to 2; 0 is greedy
 * @param topP 0 to 1
 * @param n how many choices
 * @param seed makes a run reproducible; null draws a fresh one
 * @param stop up to four texts that end the answer and are not part of it
 * @param presencePenalty -2 to 2
 * @param frequencyPenalty -2 to 2
 * @param logitBias added to the logits of these token ids, -100 to 100
 * @param logprobs report the chosen token's log probability
 * @param topLogprobs how many alternatives to report, 0 to 20
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
    int topLogprobs) {

  public Sampling {
    stop = List.copyOf(stop);
    logitBias = Map.copyOf(logitBias);
  }

  public Sampling withSeed(long chosen) {
    return new Sampling(
        temperature,
        topP,
        n,
        chosen,
        stop,
        presencePenalty,
        frequencyPenalty,
        logitBias,
        logprobs,
        topLogprobs);
  }

  public Sampling withLogprobs() {
    return new Sampling(
        temperature,
        topP,
        n,
        seed,
        stop,
        presencePenalty,
        frequencyPenalty,
        logitBias,
        true,
        topLogprobs);
  }
}
