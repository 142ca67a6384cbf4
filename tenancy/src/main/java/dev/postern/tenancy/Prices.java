package dev.postern.tenancy;

import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The dated price book, one for the whole installation. An entry is never changed or removed: a new
 * price is a new entry with a later date, so what was billed stays as it was billed.
 */
public interface Prices {

  /** Every entry by model, kind and date, newest first within a kind. */
  Future<List<Price>> list();

  /**
   * Adds an entry.
   *
   * @param effectiveFrom null for now. A date in the past is refused with {@link
   *     TenancyFailure.Invalid} where an earlier price of that model and kind exists: calls since
   *     then have been billed by it.
   */
  Future<Price> add(
      Principal actor,
      String model,
      Kind kind,
      BigDecimal perMillion,
      @Nullable Instant effectiveFrom);

  /** Adds those of the given prices whose model and kind have no price at all yet. */
  Future<Void> seedDefaults(List<Seed> seeds);

  /** What a token is: new prompt, prompt found in a cache, or answer. */
  enum Kind {
    INPUT,
    /** Falls back to the input price where a model has no price of its own for it. */
    CACHED,
    OUTPUT
  }

  /**
   * One entry.
   *
   * @param perMillion US dollars a million tokens, at most ten digits after the point
   */
  record Price(UUID id, String model, Kind kind, BigDecimal perMillion, Instant effectiveFrom) {}

  /** A price that an installation starts with; in force for every date. */
  record Seed(String model, Kind kind, BigDecimal perMillion) {}
}
