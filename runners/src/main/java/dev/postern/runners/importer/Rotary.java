package dev.postern.runners.importer;

import java.util.List;

/**
 * How positions turn the first {@code width} numbers of each head: pair {@code i} turns by {@code
 * position · base^(-2i/width) / divisor_i}. Every way of stretching a context (linear, Llama 3,
 * YaRN, LongRoPE) comes down to the divisors and the magnitude, see {@link RotaryScaling}.
 *
 * @param width an even number, at most the head's
 * @param divisors one for each pair; empty where all are 1
 * @param magnitude what the cosines and sines are multiplied with
 */
public record Rotary(double base, int width, List<Double> divisors, double magnitude) {
  public Rotary {
    divisors = List.copyOf(divisors);
  }

  static Rotary plain(double base, int width) {
    return new Rotary(base, width, List.of(), 1);
  }

  double frequency(int pair) {
    double plain = StrictMath.pow(base, -2.0 * pair / width);
    return divisors.isEmpty() ? plain : plain / divisors.get(pair);
  }
}
