package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntToDoubleFunction;

/** The ways in which models stretch their context, as divisors of the rotary frequencies. */
final class RotaryScaling {
  private RotaryScaling() {}

  /** Positions are divided (position interpolation). */
  static Rotary linear(Rotary plain, double factor) {
    return divided(plain, pair -> factor, plain.magnitude());
  }

  /** Divisors that came with the weights (Llama 3 in GGUF, LongRoPE). */
  static Rotary given(Rotary plain, float[] divisors, double magnitude) {
    if (divisors.length != plain.width() / 2) {
      throw malformed("its rotary factors are %d for %d".formatted(divisors.length, plain.width()));
    }
    for (float divisor : divisors) {
      requireFactor(divisor);
    }
    return divided(plain, pair -> divisors[pair], magnitude);
  }

  /**
   * Llama 3.1: waves that are long against the original context are divided, short ones are not,
   * and those between in proportion.
   */
  static Rotary llama3(
      Rotary plain, double factor, double lowFactor, double highFactor, double original) {
    return divided(
        plain,
        pair -> {
          double turns = original * plain.frequency(pair) / (2 * Math.PI);
          if (turns > highFactor) {
            return 1;
          }
          if (turns < lowFactor) {
            return factor;
          }
          double smooth = (turns - lowFactor) / (highFactor - lowFactor);
          return 1 / ((1 - smooth) / factor + smooth);
        },
        plain.magnitude());
  }

  /**
   * YaRN: divides the frequencies that turn less than {@code slow} times in the original context,
   * keeps those that turn more than {@code fast} times, ramps between by the pair's index.
   */
  static Rotary yarn(
      Rotary plain, double factor, double fast, double slow, double original, double magnitude) {
    double low = Math.max(Math.floor(pairTurning(plain, fast, original)), 0);
    double high = Math.min(Math.ceil(pairTurning(plain, slow, original)), plain.width() - 1);
    double span = low == high ? 0.001 : high - low;
    return divided(
        plain,
        pair -> {
          double ramp = Math.clamp((pair - low) / span, 0, 1);
          return 1 / (ramp / factor + (1 - ramp));
        },
        magnitude);
  }

  /** YaRN's usual magnitude for a factor. */
  static double yarnMagnitude(double factor) {
    return factor <= 1 ? 1 : 0.1 * StrictMath.log(factor) + 1;
  }

  /** LongRoPE's usual magnitude for a factor. */
  static double longMagnitude(double factor, double original) {
    return factor <= 1 ? 1 : Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(original));
  }

  /** The (fractional) pair that turns so many times in the original context. */
  private static double pairTurning(Rotary plain, double turns, double original) {
    return plain.width()
        * StrictMath.log(original / (turns * 2 * Math.PI))
        / (2 * StrictMath.log(plain.base()));
  }

  private static Rotary divided(Rotary plain, IntToDoubleFunction divisor, double magnitude) {
    List<Double> divisors = new ArrayList<>();
    for (int pair = 0; pair < plain.width() / 2; pair++) {
      divisors.add(requireFactor(divisor.applyAsDouble(pair)));
    }
    return new Rotary(plain.base(), plain.width(), divisors, requireFactor(magnitude));
  }

  private static double requireFactor(double factor) {
    if (!(factor > 0) || Double.isInfinite(factor)) {
      throw malformed("a rotary factor is " + factor);
    }
    return factor;
  }
}
