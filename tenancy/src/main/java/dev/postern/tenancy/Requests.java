package dev.postern.tenancy;

import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The ledger's entries one by one: who called what, how it went, and what it cost. */
public interface Requests {

  /**
   * Newest first.
   *
   * @param after the id of the last entry of the page before; null for the first page
   * @param limit 1 to 100
   */
  Future<Page<Entry>> list(TenantId tenant, Filter filter, @Nullable UUID after, int limit);

  /**
   * One entry with its findings and price lines.
   *
   * @param project null to look in the whole organisation
   */
  Future<Detail> get(TenantId tenant, @Nullable ProjectId project, UUID id);

  /** Keeps entries that match every part that is not null. */
  record Filter(
      @Nullable ProjectId project,
      @Nullable Instant start,
      @Nullable Instant end,
      @Nullable String model,
      @Nullable UUID subjectId,
      UsageEvent.@Nullable Outcome outcome) {
    public static final Filter ALL = new Filter(null, null, null, null, null, null);
  }

  /**
   * A usage event as the ledger holds it.
   *
   * @param position its number in the ledger, growing with time
   * @param subjectName name of the API key or user; null when it was deleted for good
   * @param amount US dollars; null when the price book had no price for it
   */
  record Entry(
      long position, UsageEvent event, @Nullable String subjectName, @Nullable BigDecimal amount) {}

  /** An entry with what belongs to it. */
  record Detail(Entry entry, List<Finding> findings, List<PriceLine> priceLines) {}

  /** What a guardrail found in a call, never the text itself. */
  record Finding(String detector, String action, String stage, long count) {}

  /**
   * How an amount came to be: quantity × unit price.
   *
   * @param perMillion US dollars a million tokens
   */
  record PriceLine(
      Prices.Kind kind,
      long quantity,
      BigDecimal perMillion,
      BigDecimal amount,
      Instant effectiveFrom) {}
}
