package dev.postern.tenancy;

import java.util.Locale;
import java.util.StringJoiner;

/** Writes an invoice as RFC 4180 text. */
final class InvoiceCsv {
  private static final String HEADER =
      "period,project_id,project_name,model,kind,price_per_million,effective_from,quantity,amount,"
          + "currency";

  private InvoiceCsv() {}

  static String of(Invoices.Invoice invoice) {
    var out = new StringBuilder(HEADER).append("\r\n");
    for (var line : invoice.lines()) {
      row(
          out,
          invoice.period().toString(),
          WireId.PROJECT.format(line.project().value()),
          line.projectName() == null ? "" : line.projectName(),
          line.model(),
          line.kind().name().toLowerCase(Locale.ROOT),
          line.perMillion().toPlainString(),
          line.effectiveFrom().toString(),
          Long.toString(line.quantity()),
          line.amount().toPlainString(),
          invoice.currency());
    }
    row(
        out,
        invoice.period().toString(),
        "",
        "",
        "",
        "total",
        "",
        "",
        "",
        invoice.total().toPlainString(),
        invoice.currency());
    return out.toString();
  }

  private static void row(StringBuilder out, String... cells) {
    var row = new StringJoiner(",", "", "\r\n");
    for (String cell : cells) {
      row.add(quoted(cell));
    }
    out.append(row);
  }

  /** A leading apostrophe keeps a spreadsheet from running a name as a formula. */
  private static String quoted(String cell) {
    String safe = !cell.isEmpty() && "=+-@\t\r".indexOf(cell.charAt(0)) >= 0 ? "'" + cell : cell;
    boolean plain = safe.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
    return plain ? safe : '"' + safe.replace("\"", "\"\"") + '"';
  }
}
