package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.postern.runners.wire.Sampling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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

  private static Sampler sampler(Sampling sampling) {
    return new Sampler(Generator.Request.of(new int[] {1}, sampling, 1));
  }

  private static Sampling filtered(int topK, double minP, double typicalP, long seed) {
    return new Sampling(
        1, 1, 1, seed, List.of(), 0, 0, Map.of(), false, 0, topK, minP, typicalP, 1);
  }

  private static List<Integer> draw(Sampling sampling, float[] logits, int count) {
    Sampler sampler = sampler(sampling);
    return IntStream.range(0, count).mapToObj(i -> sampler.next(logits).id()).toList();
  }

  @Test
  void takesTheLikeliestAtTemperatureZeroAndTheLowestAmongEquals() {
    assertThat(sampler(GREEDY).next(new float[] {1, 5, 3, 5}).id()).isEqualTo(1);
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
    assertThat(sampler(biased).next(new float[] {9, 8, 0}).id()).isEqualTo(2);
  }

  @Test
  void reportsLogProbabilitiesOfTheRawDistributionInDescendingOrder() {
    Sampling wanted = new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(0, 100.0), true, 2);
    float[] logits = {0, (float) Math.log(2), (float) Math.log(5)};
    Generator.Token token = sampler(wanted).next(logits);
    assertThat(token.id()).isZero();
    assertThat(token.logprob()).isCloseTo((float) Math.log(1 / 8.0), within(1e-5f));
    assertThat(token.top()).extracting(Generator.Alternative::id).containsExactly(2, 1);
    assertThat(token.top().getFirst().logprob())
        .isCloseTo((float) Math.log(5 / 8.0), within(1e-5f));
  }

  @Test
  void reportsNothingWhenNotAsked() {
    Generator.Token token = sampler(GREEDY).next(new float[] {0, 1});
    assertThat(token.logprob()).isNaN();
    assertThat(token.top()).isEmpty();
  }

  @Test
  void drawsEveryTokenThatEachFilterKeepsAndNoOther() {
    Random random = new Random(11);
    for (int round = 0; round < 30; round++) {
      float[] logits = new float[40];
      for (int i = 0; i < logits.length; i++) {
        logits[i] = (float) random.nextGaussian();
      }
      int topK = 1 + random.nextInt(8);
      double minP = 0.2 + 0.6 * random.nextDouble();
      double typicalP = 0.1 + 0.4 * random.nextDouble();
      assertThat(draw(filtered(topK, 0, 1, round), logits, 4000))
          .hasSameElementsAs(byRank(logits, topK));
      assertThat(draw(filtered(0, minP, 1, round), logits, 4000))
          .hasSameElementsAs(byShare(logits, minP));
      assertThat(draw(filtered(0, 0, typicalP, round), logits, 4000))
          .hasSameElementsAs(typical(logits, typicalP));
      List<Integer> both = byShare(logits, minP);
      both.retainAll(byRank(logits, topK));
      assertThat(draw(filtered(topK, minP, 1, round), logits, 4000)).hasSameElementsAs(both);
    }
  }

  private static List<Integer> byRank(float[] logits, int count) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparingDouble(id -> -logits[id]))
        .limit(count)
        .toList();
  }

  private static List<Integer> byShare(float[] logits, double share) {
    double most = Math.exp(logits[Logits.likeliest(logits)]);
    return new ArrayList<>(
        IntStream.range(0, logits.length)
            .filter(id -> Math.exp(logits[id]) >= share * most)
            .boxed()
            .toList());
  }

  /** By the definition: nearest to the entropy first, up to and with the one that reaches it. */
  private static List<Integer> typical(float[] logits, double share) {
    double normaliser = Logits.logSumExp(logits);
    double entropy =
        IntStream.range(0, logits.length)
            .mapToDouble(id -> -Math.exp(logits[id] - normaliser) * (logits[id] - normaliser))
            .sum();
    List<Integer> members = new ArrayList<>();
    double mass = 0;
    for (int id :
        IntStream.range(0, logits.length)
            .boxed()
            .sorted(Comparator.comparingDouble(id -> Math.abs(normaliser - logits[id] - entropy)))
            .toList()) {
      if (mass >= share) {
        break;
      }
      members.add(id);
      mass += Math.exp(logits[id] - normaliser);
    }
    return members;
  }

  @Test
  void penalisesRepetitionOfThePromptAndOfTheAnswer() {
    Sampling repeating =
        new Sampling(0, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0, 0, 0, 1, 2);
    Sampler sampler = new Sampler(Generator.Request.of(new int[] {0, 0, 3}, repeating, 9));
    float[] logits = {4, 3, -1, -0.5f};
    // Of the prompt: 4 / 2 and -0.5 * 2; after the first choice 3 / 2 as well.
    assertThat(IntStream.range(0, 3).mapToObj(_ -> sampler.next(logits).id()))
        .containsExactly(1, 0, 0);
    assertThat(logits).containsExactly(4, 3, -1, -0.5f);
    float[] negative = {-3, -9, -2, -1.5f};
    assertThat(sampler.next(negative).id()).isEqualTo(2);
  }

  @Test
  void neverSaysWhatTheBiasForbids() {
    Sampling banned = new Sampling(1, 1, 1, 1L, List.of(), 0, 0, Map.of(0, -100.0), false, 0);
    assertThat(draw(banned, new float[] {500, 0, 0}, 200)).doesNotContain(0).contains(1, 2);
  }

  @Test
  void choosesOnlyWhatTheConstraintAllowsAndTellsItTheChoice() {
    List<Integer> told = new ArrayList<>();
    TokenConstraint even =
        new TokenConstraint() {
          @Override
          public long[] allowed() {
            return new long[] {0x5555555555555555L, 0x5555555555555555L};
          }

          @Override
          public void accept(int token) {
            told.add(token);
          }
        };
    float[] logits = new float[100];
    Arrays.fill(logits, 1, 100, 1);
    for (double temperature : new double[] {0, 1}) {
      told.clear();
      Sampler sampler =
          new Sampler(
              new Generator.Request(
                  new int[] {1},
                  random(temperature, 0.9, 5),
                  9,
                  false,
                  Generator.Caller.ANYONE,
                  even,
                  null));
      List<Integer> said = IntStream.range(0, 50).mapToObj(_ -> sampler.next(logits).id()).toList();
      assertThat(said).allMatch(id -> id % 2 == 0).isEqualTo(told);
    }
  }

  @Test
  void ranksAsASortWouldWhateverTheScores() {
    Random random = new Random(2);
    for (int round = 0; round < 200; round++) {
      float[] scores = new float[1 + random.nextInt(300)];
      double spread = Math.pow(10, random.nextInt(5) - 2);
      for (int i = 0; i < scores.length; i++) {
        scores[i] =
            random.nextInt(20) == 0
                ? Float.NEGATIVE_INFINITY
                : (float) (-Math.rint(random.nextDouble() * 50) / 50 * spread);
      }
      Ranking ranking = new Ranking(scores, scores.length, new int[scores.length]);
      List<Integer> ranked =
          IntStream.range(0, scores.length).mapToObj(_ -> ranking.next()).toList();
      assertThat(ranked)
          .isEqualTo(
              IntStream.range(0, scores.length)
                  .boxed()
                  .sorted(Comparator.comparingDouble(i -> -scores[i]))
                  .toList());
    }
  }

  @Test
  void takesExponentialsAsTheyAre() {
    Random random = new Random(4);
    for (int i = 0; i < 10_000; i++) {
      double x = -Math.pow(10, 4 * random.nextDouble() - 2) / 1.5;
      assertThat(Candidates.exp(x)).isCloseTo(Math.exp(x), within(1e-9 * Math.exp(x)));
    }
    assertThat(Candidates.exp(0)).isEqualTo(1);
    assertThat(Candidates.exp(Double.NEGATIVE_INFINITY)).isZero();
  }
}
