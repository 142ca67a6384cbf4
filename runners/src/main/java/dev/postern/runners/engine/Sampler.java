package dev.postern.runners.engine;

import dev.postern.runners.engine.Generator.Alternative;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Chooses the tokens of one generation. It holds the generation's own random numbers and counts, so
 * that a seed gives the same tokens whoever shares the batch.
 */
final class Sampler {
  private final Sampling sampling;
  private final SplittableRandom random;
  private final Map<Integer, Integer> produced = new HashMap<>();

  Sampler(Sampling sampling) {
    this.sampling = sampling;
    Long seed = sampling.seed();
    this.random =
        new SplittableRandom(seed == null ? ThreadLocalRandom.current().nextLong() : seed);
  }

  /**
   * @param logits of the next position, not changed
   */
  Token next(float[] logits) {
    float[] adjusted = adjust(logits);
    int id = sampling.temperature() == 0 ? Logits.likeliest(adjusted) : draw(adjusted);
    produced.merge(id, 1, Integer::sum);
    return report(logits, id);
  }

  /** The token with what the request wants to know of it. */
  Token report(float[] logits, int id) {
    if (!sampling.logprobs() && sampling.topLogprobs() == 0) {
      return new Token(id, Float.NaN, List.of());
    }
    double normaliser = Logits.logSumExp(logits);
    List<Alternative> top = new ArrayList<>(sampling.topLogprobs());
    for (int other : Logits.largest(logits, sampling.topLogprobs())) {
      top.add(new Alternative(other, (float) (logits[other] - normaliser)));
    }
    return new Token(id, (float) (logits[id] - normaliser), top);
  }

  /** OpenAI's formula: a penalty for having occurred and one for each occurrence, then the bias. */
  private float[] adjust(float[] logits) {
    boolean penalised = sampling.presencePenalty() != 0 || sampling.frequencyPenalty() != 0;
    if (!penalised && sampling.logitBias().isEmpty()) {
      return logits;
    }
    float[] adjusted = logits.clone();
    if (penalised) {
      produced.forEach((id, count) ->
          adjusted[id] -=
              (float) (sampling.presencePenalty() + count * sampling.frequencyPenalty()));
    }
    sampling
        .logitBias()
        .forEach((id, bias) -> {
          if (id >= 0 && id < adjusted.length) {
            adjusted[id] += bias.floatValue();
          }
        });
    return adjusted;
  }

  private int draw(float[] logits) {
    int size = logits.length;
    double[] weights = new double[size];
    float largest = logits[Logits.likeliest(logits)];
    double total = 0;
    for (int id = 0; id < size; id++) {
      weights[id] = Math.exp((logits[id] - largest) / sampling.temperature());
      total += weights[id];
    }
    double topP = sampling.topP();
    if (topP >= 1) {
      return pick(weights, random.nextDouble() * total);
    }
    return pickFromNucleus(weights, total, topP);
  }

  private static int pick(double[] weights, double at) {
    double sum = 0;
    int last = 0;
    for (int id = 0; id < weights.length; id++) {
      if (weights[id] > 0) {
        last = id;
        sum += weights[id];
        if (at < sum) {
          return id;
        }
      }
    }
    // Only reached by rounding of the sum.
    return last;
  }

  private int pickFromNucleus(double[] weights, double total, double topP) {
    // All tokens below this share together weigh less than 1 - topP, so none is in the nucleus.
    double least = (1 - topP) / weights.length * total;
    int[] candidates = new int[weights.length];
    int count = 0;
    for (int id = 0; id < weights.length; id++) {
      if (weights[id] >= least) {
        candidates[count++] = id;
      }
    }
    var heap = new TokenHeap(candidates, count, weights);
    int[] nucleus = new int[count];
    int members = 0;
    double mass = 0;
    while (members < count && (members == 0 || mass < topP * total)) {
      int id = heap.pop();
      nucleus[members++] = id;
      mass += weights[id];
    }
    double at = random.nextDouble() * mass;
    for (int i = 0; i < members; i++) {
      at -= weights[nucleus[i]];
      if (at < 0) {
        return nucleus[i];
      }
    }
    return nucleus[members - 1];
  }
}
