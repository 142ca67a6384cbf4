package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.ModelName;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Prices.Price;
import dev.postern.tenancy.internal.quota.TokenCost;
import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The prices in memory, to know what a call may cost before it runs. */
final class PriceBook {
  private final Prices prices;
  private final InstantSource clock;

  /** By model, newest first within a kind. */
  private volatile Map<String, List<Price>> byModel = Map.of();

  PriceBook(Prices prices, InstantSource clock) {
    this.prices = prices;
    this.clock = clock;
  }

  Future<Void> refresh() {
    return prices
        .list()
        .map(all -> {
          Map<String, List<Price>> sorted = new HashMap<>();
          for (Price price : all) {
            sorted.computeIfAbsent(price.model(), model -> new ArrayList<>()).add(price);
          }
          byModel = sorted;
          return null;
        });
  }

  /** What tokens of a model cost now; nothing where the book knows no price. */
  TokenCost cost(String model) {
    Map<String, List<Price>> book = byModel;
    String base = ModelName.base(model);
    List<Price> entries = book.getOrDefault(model, List.of());
    if (!base.equals(model)) {
      // What a model with an adapter has no price for costs what it does at its base.
      entries = new ArrayList<>(entries);
      entries.addAll(book.getOrDefault(base, List.of()));
    }
    if (entries.isEmpty()) {
      return TokenCost.FREE;
    }
    Instant now = clock.instant();
    // A reservation does not know yet what will come from the cache: the dearer price counts.
    BigDecimal input =
        inForce(entries, Prices.Kind.INPUT, now).max(inForce(entries, Prices.Kind.CACHED, now));
    return TokenCost.of(input, inForce(entries, Prices.Kind.OUTPUT, now));
  }

  private static BigDecimal inForce(List<Price> entries, Prices.Kind kind, Instant now) {
    for (Price price : entries) {
      if (price.kind() == kind && !price.effectiveFrom().isAfter(now)) {
        return price.perMillion();
      }
    }
    return BigDecimal.ZERO;
  }
}
