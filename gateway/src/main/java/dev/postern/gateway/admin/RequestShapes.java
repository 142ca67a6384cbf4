package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.wire.openai.CallId;
import dev.postern.tenancy.Requests;

/** A ledger entry as clients see it; the export writes the same. */
final class RequestShapes {
  private RequestShapes() {}

  static ObjectNode entry(Requests.Entry entry) {
    var event = entry.event();
    var node =
        Shapes.object("postern.request")
            .put("id", CallId.REQUEST.format(event.id()))
            .put("created_at", event.startedAt().getEpochSecond())
            .put("endpoint", Shapes.word(event.endpoint()))
            .put("outcome", Shapes.word(event.outcome()))
            .put("http_status", event.httpStatus())
            .put("error_code", event.errorCode())
            .put("model", event.model())
            .put("version", event.version())
            .put("project_id", Shapes.id(event.project()));
    Shapes.putSubject(node, event.subjectKind(), event.subjectId())
        .put("key_name", entry.subjectName())
        .put("input_tokens", event.promptTokens())
        .put("cached_tokens", event.cachedTokens())
        .put("output_tokens", event.completionTokens())
        .put("reasoning_tokens", event.reasoningTokens())
        .put("first_token_ms", Shapes.milliseconds(event.firstTokenMicros()))
        .put("total_ms", Shapes.milliseconds(event.totalMicros()));
    node.set("amount", Shapes.money(entry.amount()));
    return node.put("verdict", event.verdict()).put("streamed", event.streamed());
  }

  static ObjectNode detail(Requests.Detail detail) {
    var event = detail.entry().event();
    var node = entry(detail.entry());
    var stages = node.putArray("stages");
    event
        .stageMicros()
        .forEach((name, micros) ->
            stages.addObject().put("name", name).put("ms", Shapes.milliseconds(micros)));
    var findings = node.putArray("findings");
    for (var finding : detail.findings()) {
      findings
          .addObject()
          .put("detector", finding.detector())
          .put("action", finding.action())
          .put("stage", finding.stage())
          .put("count", finding.count());
    }
    var lines = node.putArray("price_lines");
    for (var line : detail.priceLines()) {
      var shape =
          lines.addObject().put("kind", Shapes.word(line.kind())).put("quantity", line.quantity());
      shape.set("unit_price", Shapes.money(line.perMillion()));
      shape.set("amount", Shapes.money(line.amount()));
      shape.put("effective_from", line.effectiveFrom().getEpochSecond());
    }
    return node.put("runner_cpu_ms", Shapes.milliseconds(event.runnerCpuMicros()));
  }
}
