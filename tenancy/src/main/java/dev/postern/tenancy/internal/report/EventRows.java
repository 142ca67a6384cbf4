package dev.postern.tenancy.internal.report;

import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads entries of the ledger. */
final class EventRows {
  /** Sees the current tenant's rows alone, of the keys and users too. */
  static final String SELECT =
      """
      SELECT e.*, e.stage_micros::text AS stages, coalesce(k.name, u.name) AS subject_name
      FROM usage_events e
      LEFT JOIN api_keys k ON k.id = e.subject_id AND e.subject_kind <> 'SESSION'
      LEFT JOIN users u ON u.id = e.subject_id AND e.subject_kind = 'SESSION'
      """;

  private static final BigDecimal MILLIONTH = new BigDecimal("0.000001");

  private EventRows() {}

  static Requests.Entry entry(Row row) {
    return new Requests.Entry(
        row.getLong("position"),
        event(row),
        row.getString("subject_name"),
        row.getBigDecimal("amount"));
  }

  private static UsageEvent event(Row row) {
    return new UsageEvent(
        row.getUUID("id"),
        new TenantId(row.getUUID("tenant_id")),
        new ProjectId(row.getUUID("project_id")),
        Principal.Kind.valueOf(row.getString("subject_kind")),
        row.getUUID("subject_id"),
        UsageEvent.Endpoint.valueOf(row.getString("endpoint")),
        row.getString("model"),
        row.getString("version"),
        row.getLong("prompt_tokens"),
        row.getLong("cached_tokens"),
        row.getLong("completion_tokens"),
        row.getLong("reasoning_tokens"),
        UsageEvent.Outcome.valueOf(row.getString("outcome")),
        row.getInteger("http_status"),
        row.getString("error_code"),
        row.getBoolean("streamed"),
        Columns.instant(row, "started_at"),
        row.getLong("first_token_micros"),
        row.getLong("total_micros"),
        row.getLong("runner_cpu_micros"),
        stages(row.getString("stages")),
        row.getString("verdict"));
  }

  private static Map<String, Long> stages(String json) {
    Map<String, Long> stages = new LinkedHashMap<>();
    for (Map.Entry<String, Object> stage : new JsonObject(json)) {
      stages.put(stage.getKey(), ((Number) stage.getValue()).longValue());
    }
    return stages;
  }

  static List<Requests.PriceLine> priceLines(Row row) {
    List<Requests.PriceLine> lines = new ArrayList<>(3);
    addLine(lines, row, Prices.Kind.INPUT, "input");
    addLine(lines, row, Prices.Kind.CACHED, "cached");
    addLine(lines, row, Prices.Kind.OUTPUT, "output");
    return lines;
  }

  private static void addLine(
      List<Requests.PriceLine> lines, Row row, Prices.Kind kind, String prefix) {
    long quantity = row.getLong(prefix + "_quantity");
    BigDecimal perMillion = row.getBigDecimal(prefix + "_per_million");
    if (quantity > 0 && perMillion != null) {
      lines.add(
          new Requests.PriceLine(
              kind,
              quantity,
              perMillion,
              perMillion.multiply(BigDecimal.valueOf(quantity)).multiply(MILLIONTH),
              Columns.instant(row, prefix + "_from")));
    }
  }
}
