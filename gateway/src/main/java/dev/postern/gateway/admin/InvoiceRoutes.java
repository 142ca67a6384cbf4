package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.pipeline.EventLoops;
import dev.postern.tenancy.Invoices;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.DateTimeException;
import java.time.YearMonth;
import java.util.Locale;
import java.util.Map;

/** What the organisation owes for a month. */
final class InvoiceRoutes implements RouteGroup {
  private static final Map<String, Boolean> FORMATS = Map.of("json", false, "csv", true);

  private final Invoices invoices;

  InvoiceRoutes(Invoices invoices) {
    this.invoices = invoices;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/invoices/:period")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.handle(this::invoice));
  }

  private void invoice(RoutingContext ctx) {
    var period = period(ctx.pathParam("period"));
    boolean csv = wantsCsv(ctx);
    EventLoops.here(invoices.invoice(Api.principal(ctx).tenant(), period))
        .onSuccess(invoice -> {
          if (csv) {
            Answers.text(ctx, Csv.CONTENT_TYPE, "invoice-" + period + ".csv", invoice.toCsv());
          } else {
            Api.respondJson(ctx, 200, shape(invoice));
          }
        })
        .onFailure(cause -> Api.fail(ctx, cause));
  }

  private static boolean wantsCsv(RoutingContext ctx) {
    var named = new Query(ctx).choice("format", FORMATS);
    if (named != null) {
      return named;
    }
    var accept = ctx.request().getHeader("accept");
    return accept != null && accept.toLowerCase(Locale.ROOT).startsWith("text/csv");
  }

  private static YearMonth period(String text) {
    try {
      var period = YearMonth.parse(text);
      if (period.getYear() >= 1970 && period.getYear() <= 9999) {
        return period;
      }
    } catch (DateTimeException e) {
      throw Query.invalid("period", "must be a month such as 2026-01");
    }
    throw Query.invalid("period", "must be a month such as 2026-01");
  }

  private static ObjectNode shape(Invoices.Invoice invoice) {
    var node =
        Shapes.object("postern.invoice")
            .put("period", invoice.period().toString())
            .put("currency", invoice.currency());
    var lines = node.putArray("lines");
    for (var line : invoice.lines()) {
      var shape =
          lines
              .addObject()
              .put("project_id", Shapes.id(line.project()))
              .put("project_name", line.projectName())
              .put("model", line.model())
              .put("kind", Shapes.word(line.kind()));
      shape.set("price_per_million", Shapes.money(line.perMillion()));
      shape
          .put("effective_from", line.effectiveFrom().getEpochSecond())
          .put("quantity", line.quantity());
      shape.set("amount", Shapes.money(line.amount()));
    }
    node.set("total", Shapes.money(invoice.total()));
    return node.put("requests", invoice.requests())
        .put("unpriced_requests", invoice.unpriced())
        .put("ledger_position", invoice.ledgerPosition());
  }
}
