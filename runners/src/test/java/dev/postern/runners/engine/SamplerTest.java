package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
  private static final Sampling GREEDY =
      new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0);

  private static Sampling random(double temperature, double topP, long seed) {
    return new Sampling(temperature, topP, 1, seed, List.of(), 0, 0, Map.of(), false, 0);
  }

  private static Sampling penalised(double presence, double frequency) {
    return new Sampling(0, 1, 1, null, List.of(), presence, frequency, Map.of(), false, 0);
  }

  private static List<Integer> draw(Sampling sampling, float[] logits, int count) {
    Sampler sampler = new Sampler(sampling);
    return IntStream.range(0, count).mapToObj(i -> sampler.next(logits).id()).toList();
  }

  @Test
  void takesTheLikeliestAtTemperatureZeroAndTheLowestAmongEquals() {
    assertThat(new Sampler(GREEDY).next(new float[] {1, 5, 3, 5}).id()).isEqualTo(1);
  }

  @Test
  void repeatsItselfForASeed() {
    float[] logits = {1, 2, 1.5f, 0, -1};
    assertThat(draw(random(1, 0.95, 7), logits, 50))
        .isEqualTo(draw(random(1, 0.95, 7), logits, 50))
        .isNotEqualTo(draw(random(1, 0.95, 8), logits, 50));
  }

  @Test
  void drawsInProportionToTheTemperedDistribution() {
    float[] logits = {0, (float) Math.log(3)};
    List<Integer> plain = draw(random(1, 1, 1), logits, 20_000);
    assertThat(share(plain, 1)).isCloseTo(0.75, within(0.02));
    List<Integer> sharper = draw(random(0.5, 1, 1), logits, 20_000);
    assertThat(share(sharper, 1)).isCloseTo(0.9, within(0.02));
  }

  private static double share(List<Integer> ids, int id) {
    return ids.stream().filter(drawn -> drawn == id).count() / (double) ids.size();
  }

  @Test
  void drawsOnlyFromTheNucleus() {
    Random random = new Random(3);
    for (int round = 0; round < 50; round++) {
      float[] logits = new float[500];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) random.nextGaussian() * 3;
      }
      double topP = random.nextDouble();
      List<Integer> nucleus = nucleus(logits, topP);
      assertThat(nucleus).containsAll(draw(random(1, topP, round), logits, 100));
    }
  }

  /** By the definition: sorted, up to and with the one that reaches the share. */
  private static List<Integer> nucleus(float[] logits, double topP) {
    double normaliser = Logits.logSumExp(logits);
    List<Integer> members = new ArrayList<>();
    double mass = 0;
    for (int id : Logits.largest(logits, logits.length)) {
      members.add(id);
      mass += Math.exp(logits[id] - normaliser);
      if (mass >= topP + 1e-9) {
        break;
      }
    }
    return members;
  }

  @Test
  void penalisesWhatWasProducedByCountAndOccurrence() {
    float[] logits = {2, 1.5f, 1};
    assertThat(draw(penalised(0.75, 0), logits, 4)).containsExactly(0, 1, 0, 0);
    assertThat(draw(penalised(0, 0.4), logits, 5)).containsExactly(0, 0, 1, 0, 1);
  }

  @Test
  void addsTheBiasAndIgnoresIdsOutsideTheVocabulary() {
    Sampling biased =
        new Sampling(
            0, 1, 1, null, List.of(), 0, 0, Map.of(2, 100.0, 0, -100.0, 99, 5.0), false, 0);
    assertThat(new Sampler(biased).next(new float[] {9, 8, 0}).id()).isEqualTo(2);
  }

  @Test
  void reportsLogProbabilitiesOfTheRawDistributionInDescendingOrder() {
    Sampling wanted = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(0, 100.0), true, 2);
    float[] logits = {0, (float) Math.log(2), (float) Math.log(5)};
    Generator.Token token = new Sampler(wanted).next(logits);
    assertThat(token.id()).isZero();
    assertThat(token.logprob()).isCloseTo((float) Math.log(1 / 8.0), within(1e-5f));
    assertThat(token.top()).extracting(Generator.Alternative::id).containsExactly(2, 1);
    assertThat(token.top().getFirst().logprob())
        .isCloseTo((float) Math.log(5 / 8.0), within(1e-5f));
  }

  @Test
  void reportsNothingWhenNotAsked() {
    Generator.Token token = new Sampler(GREEDY).next(new float[] {0, 1});
    assertThat(token.logprob()).isNaN();
    assertThat(token.top()).isEmpty();
  }
}
