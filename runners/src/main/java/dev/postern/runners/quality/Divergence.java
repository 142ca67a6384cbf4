package dev.postern.runners.quality;

import dev.postern.runners.engine.Logits;

/**
 * How far one model's expectations lie from a reference's, over the positions added. With {@code p}
 * the reference's distribution over the next token and {@code q} the other's:
 *
 * <pre>
 * divergence  = mean Σ p · ln(p / q)         in nats
 * perplexity  = exp(mean −ln q(the token that follows))
 * agreement   = share of positions where both find the same token likeliest
 * </pre>
 */
final class Divergence {
  private int positions;
  private int agreeing;
  private int followed;
  private double divergence;
  private double surprise;
  private double referenceSurprise;

  /** For positions after which nothing follows. */
  static final int NOTHING = -1;

  /**
   * @param next the token that follows, or {@link #NOTHING}
   */
  void add(float[] reference, float[] other, int next) {
    double referenceTotal = Logits.logSumExp(reference);
    double otherTotal = Logits.logSumExp(other);
    double sum = 0;
    for (int id = 0; id < reference.length; id++) {
      double expected = reference[id] - referenceTotal;
      sum += Math.exp(expected) * (expected - (other[id] - otherTotal));
    }
    divergence += Math.max(0, sum);
    positions++;
    if (Logits.likeliest(reference) == Logits.likeliest(other)) {
      agreeing++;
    }
    if (next != NOTHING) {
      followed++;
      surprise += otherTotal - other[next];
      referenceSurprise += referenceTotal - reference[next];
    }
  }

  int positions() {
    return positions;
  }

  double divergence() {
    return divergence / positions;
  }

  double perplexity() {
    return Math.exp(surprise / followed);
  }

  double referencePerplexity() {
    return Math.exp(referenceSurprise / followed);
  }

  double agreement() {
    return (double) agreeing / positions;
  }
}
