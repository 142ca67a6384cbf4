package dev.postern.runners.engine;

import dev.postern.runners.wire.Sampling;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Prints what choosing a token costs with vocabularies of two sizes. */
final class SamplerSpeed {
  private SamplerSpeed() {}

  public static void main(String[] arguments) {
    for (int vocabulary : new int[] {49_152, 262_144}) {
      var random = new Random(1);
      float[] logits = new float[vocabulary];
      for (int i = 0; i < vocabulary; i++) {
        logits[i] = (float) (random.nextGaussian() * 3);
      }
      measure("greedy", sampling(0, 1, 0, 0, 1, 0), logits);
      measure("temperature", sampling(1, 1, 0, 0, 1, 0), logits);
      measure("top_p 0.9", sampling(1, 0.9, 0, 0, 1, 0), logits);
      measure("top_k 40, top_p 0.9", sampling(1, 0.9, 40, 0, 1, 0), logits);
      measure("min_p 0.05", sampling(1, 1, 0, 0.05, 1, 0), logits);
      measure("typical_p 0.9", sampling(1, 1, 0, 0, 0.9, 0), logits);
      measure("penalties", sampling(0, 1, 0, 0, 1, 0.5), logits);
    }
  }

  private static Sampling sampling(
      double temperature, double topP, int topK, double minP, double typicalP, double penalty) {
    return new Sampling(
        temperature,
        topP,
        1,
        1L,
        List.of(),
        penalty,
        penalty,
        Map.of(),
        false,
        0,
        topK,
        minP,
        typicalP,
        penalty == 0 ? 1 : 1.1);
  }

  private static void measure(String name, Sampling sampling, float[] logits) {
    var sampler = new Sampler(Generator.Request.of(new int[] {1, 2, 3}, sampling, 1));
    long best = Long.MAX_VALUE;
    for (int round = 0; round < 12; round++) {
      long began = System.nanoTime();
      for (int i = 0; i < 20; i++) {
        sampler.next(logits);
      }
      best = Math.min(best, (System.nanoTime() - began) / 20);
    }
    System.out.printf("%d %s: %d us%n", logits.length, name, best / 1000);
  }
}
