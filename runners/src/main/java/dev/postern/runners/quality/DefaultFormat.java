package dev.postern.runners.quality;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/**
 * Chooses the format to serve: of those whose divergence is at most 0.010 nats and whose perplexity
 * is within 0.5 % of the floats', the one with the highest overall speed; where none is that good,
 * the one with the least divergence.
 *
 * @param why in words that a person reads beside the table
 */
public record DefaultFormat(QualityRow row, String why) {
  public static Optional<DefaultFormat> of(Collection<QualityRow> rows) {
    Optional<QualityRow> fastest =
        rows.stream()
            .filter(QualityRow::faithful)
            .max(Comparator.comparingDouble(QualityRow::overallSpeed));
    if (fastest.isPresent()) {
      return fastest.map(row ->
          new DefaultFormat(
              row, "the fastest with KL <= 0.010 and perplexity within 0.5 % of the floats'"));
    }
    return rows.stream()
        .min(Comparator.comparingDouble(QualityRow::divergence))
        .map(row -> new DefaultFormat(row, "none is as good as the floats; this is nearest"));
  }
}
