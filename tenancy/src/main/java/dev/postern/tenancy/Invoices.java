package dev.postern.tenancy;

import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.YearMonth;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What an organisation owes for a calendar month (UTC), straight from the ledger. */
public interface Invoices {

  Future<Invoice> invoice(TenantId tenant, YearMonth period);

  /**
   * An invoice. Nothing in it is rounded: the total is the sum of the lines and of the ledger's
   * amounts to the last digit.
   *
   * @param currency ISO 4217, lower case
   * @param requests ledger entries of the period
   * @param unpriced entries that the price book had no price for; they block the closing of the
   *     period and are in no line
   * @param ledgerPosition number of the last entry that was counted; 0 when there is none
   */
  record Invoice(
      TenantId tenant,
      YearMonth period,
      String currency,
      List<Line> lines,
      BigDecimal total,
      long requests,
      long unpriced,
      long ledgerPosition) {

    /** As RFC 4180 text with a header, a row for each line and one for the total. */
    public String toCsv() {
      return InvoiceCsv.of(this);
    }
  }

  /**
   * Tokens of one project, model, kind and unit price.
   *
   * @param projectName null when the project is gone
   * @param perMillion US dollars a million tokens
   * @param effectiveFrom since when that price is in force
   */
  record Line(
      ProjectId project,
      @Nullable String projectName,
      String model,
      Prices.Kind kind,
      BigDecimal perMillion,
      Instant effectiveFrom,
      long quantity,
      BigDecimal amount) {}
}
