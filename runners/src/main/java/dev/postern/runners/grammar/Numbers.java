package dev.postern.runners.grammar;

import dev.postern.runners.grammar.Expression.Range;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;

/** Numbers between two bounds, as digits. */
final class Numbers {
  /** What a bound that is not given is; doubles hold all of these exactly. */
  static final BigDecimal LARGEST = BigDecimal.TEN.pow(15).subtract(BigDecimal.ONE);

  private static final int LEAST_DECIMALS = 2;
  private static final int MOST_DECIMALS = 6;

  private Numbers() {}

  /** Integers, both ends in it; empty where there is none between. */
  static List<Expression> integers(BigDecimal low, BigDecimal high) {
    return scaled(low, high, 0);
  }

  /** Integers and numbers of two decimals, or as many as the bounds have. */
  static List<Expression> decimals(BigDecimal low, BigDecimal high) {
    int most = Math.clamp(Math.max(low.scale(), high.scale()), LEAST_DECIMALS, MOST_DECIMALS);
    List<Expression> options = new ArrayList<>();
    for (int decimals = 0; decimals <= most; decimals++) {
      options.addAll(scaled(low, high, decimals));
    }
    return options;
  }

  /**
   * The number beside an open bound, with as many decimals as are written.
   *
   * @param direction 1 for the next larger, -1 for the next smaller
   */
  static BigDecimal next(BigDecimal bound, boolean whole, int direction) {
    if (whole) {
      return direction > 0
          ? bound.setScale(0, RoundingMode.FLOOR).add(BigDecimal.ONE)
          : bound.setScale(0, RoundingMode.CEILING).subtract(BigDecimal.ONE);
    }
    int decimals = Math.clamp(bound.scale(), LEAST_DECIMALS, MOST_DECIMALS);
    return bound.add(
        BigDecimal.ONE.movePointLeft(decimals).multiply(BigDecimal.valueOf(direction)));
  }

  private static List<Expression> scaled(BigDecimal low, BigDecimal high, int decimals) {
    BigInteger from =
        low.max(LARGEST.negate())
            .movePointRight(decimals)
            .setScale(0, RoundingMode.CEILING)
            .toBigIntegerExact();
    BigInteger to =
        high.min(LARGEST)
            .movePointRight(decimals)
            .setScale(0, RoundingMode.FLOOR)
            .toBigIntegerExact();
    List<Expression> options = new ArrayList<>();
    addMagnitudes(options, "", from.max(BigInteger.ZERO), to, decimals);
    addMagnitudes(options, "-", to.negate().max(BigInteger.ONE), from.negate(), decimals);
    return options;
  }

  private static void addMagnitudes(
      List<Expression> options, String sign, BigInteger from, BigInteger to, int decimals) {
    if (from.compareTo(to) > 0) {
      return;
    }
    // Leading zeros stand only before the point, and there but one.
    int shortest = decimals + 1;
    int least = Math.max(shortest, from.toString().length());
    int most = Math.max(shortest, to.toString().length());
    for (int length = least; length <= most; length++) {
      BigInteger first = length == shortest ? from : from.max(BigInteger.TEN.pow(length - 1));
      BigInteger last = to.min(BigInteger.TEN.pow(length).subtract(BigInteger.ONE));
      options.add(
          Expression.sequence(
              Expression.text(sign),
              between(padded(first, length), padded(last, length), decimals)));
    }
  }

  private static String padded(BigInteger number, int length) {
    String digits = number.toString();
    return "0".repeat(length - digits.length()) + digits;
  }

  /** Digits between two numbers of the same length, with a point before the last decimals. */
  private static Expression between(String low, String high, int decimals) {
    if (low.isEmpty()) {
      return Expression.EMPTY;
    }
    Expression point = Expression.text(decimals > 0 && low.length() == decimals ? "." : "");
    char first = low.charAt(0);
    char last = high.charAt(0);
    String lowRest = low.substring(1);
    String highRest = high.substring(1);
    String zeros = "0".repeat(lowRest.length());
    String nines = "9".repeat(lowRest.length());
    List<Expression> options = new ArrayList<>();
    char from = first;
    char to = last;
    if (first == last) {
      return Expression.sequence(
          point, new Range(first, first), between(lowRest, highRest, decimals));
    }
    if (!lowRest.equals(zeros)) {
      options.add(Expression.sequence(new Range(first, first), between(lowRest, nines, decimals)));
      from++;
    }
    if (!highRest.equals(nines)) {
      options.add(Expression.sequence(new Range(last, last), between(zeros, highRest, decimals)));
      to--;
    }
    if (from <= to) {
      options.add(Expression.sequence(new Range(from, to), between(zeros, nines, decimals)));
    }
    return Expression.sequence(point, new Expression.Choice(options));
  }
}
