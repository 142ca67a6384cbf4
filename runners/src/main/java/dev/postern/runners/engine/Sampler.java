package dev.postern.runners.engine;

import dev.postern.runners.engine.Generator.Alternative;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Token;
import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the tokens of one generation. It holds the generation's own random numbers, counts and
 * constraint, so that a seed gives the same tokens whoever shares the batch.
 */
final class Sampler {
  private final Sampling sampling;
  private final @Nullable TokenConstraint constraint;
  private final SplittableRandom random;
  private final Occurrences occurrences;

  Sampler(Request request) {
    this.sampling = request.sampling();
    this.constraint = request.constraint();
    this.occurrences = new Occurrences(sampling, request.prompt());
    Long seed = sampling.seed();
    this.random =
        new SplittableRandom(seed == null ? ThreadLocalRandom.current().nextLong() : seed);
  }

  /**
   * Chooses a token, and holds it for said.
   *
   * @param logits of the next position; changed meanwhile, and the same again afterwards
   */
  Token next(float[] logits) {
    long[] allowed = constraint == null ? null : constraint.allowed();
    occurrences.apply(logits);
    int id = choose(logits, allowed);
    occurrences.restore(logits);
    occurrences.count(id);
    if (constraint != null) {
      constraint.accept(id);
    }
    return report(logits, id);
  }

  private int choose(float[] logits, long @Nullable [] allowed) {
    if (sampling.temperature() == 0) {
      return allowed == null ? Logits.likeliest(logits) : Candidates.likeliest(logits, allowed);
    }
    Candidates candidates = Candidates.of(logits, allowed, sampling.temperature());
    if (sampling.topK() > 0) {
      candidates.keepLikeliest(sampling.topK());
    }
    if (sampling.typicalP() < 1) {
      candidates.keepTypical(sampling.typicalP());
    }
    if (sampling.topP() < 1) {
      candidates.keepNucleus(sampling.topP());
    }
    if (sampling.minP() > 0) {
      candidates.keepAtLeast(sampling.minP());
    }
    return candidates.draw(random.nextDouble());
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
}
