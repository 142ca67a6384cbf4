package dev.postern.tenancy.internal.quota;

import java.math.BigDecimal;
import java.math.RoundingMode;

/**
 * What tokens cost at most, for reservations: whole nanodollars, rounded up. The ledger's amounts
 * are exact and computed by the database.
 *
 * @param input nanodollars a million prompt tokens
 * @param output nanodollars a million completion tokens
 */
public record TokenCost(long input, long output) {
  public static final TokenCost FREE = new TokenCost(0, 0);
  private static final long MILLION = 1_000_000;
  private static final long CEILING = Long.MAX_VALUE / 4;

  /** From US dollars a million tokens. */
  public static TokenCost of(BigDecimal input, BigDecimal output) {
    return new TokenCost(nanos(input), nanos(output));
  }

  private static long nanos(BigDecimal dollars) {
    return dollars.movePointRight(9).setScale(0, RoundingMode.CEILING).longValueExact();
  }

  long nanos(long promptTokens, long completionTokens) {
    return part(promptTokens, input) + part(completionTokens, output);
  }

  /** How many completion tokens the money buys after the prompt is paid. */
  long affordable(long nanos, long promptTokens) {
    if (output == 0) {
      return Long.MAX_VALUE;
    }
    long left = Math.max(0, nanos - part(promptTokens, input));
    return BigDecimal.valueOf(left)
        .movePointRight(6)
        .divideToIntegralValue(BigDecimal.valueOf(output))
        .min(BigDecimal.valueOf(Long.MAX_VALUE))
        .longValue();
  }

  /** Absurd numbers end at {@link #CEILING}, which no budget reaches. */
  private static long part(long tokens, long perMillion) {
    long product = tokens * perMillion;
    if (product < 0 || Math.multiplyHigh(tokens, perMillion) != 0) {
      return CEILING;
    }
    return Math.min(Math.ceilDiv(product, MILLION), CEILING);
  }
}
