package dev.postern.gateway.admin;

import dev.postern.gateway.wire.openai.CallId;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.WireId;

/** Ledger entries as rows. */
final class UsageCsv {
  static final String HEADER =
      Csv.row(
          "id",
          "created_at",
          "project_id",
          "api_key_id",
          "user_id",
          "key_name",
          "endpoint",
          "outcome",
          "http_status",
          "error_code",
          "model",
          "version",
          "input_tokens",
          "cached_tokens",
          "output_tokens",
          "reasoning_tokens",
          "first_token_ms",
          "total_ms",
          "runner_cpu_ms",
          "streamed",
          "verdict",
          "amount",
          "currency");

  private UsageCsv() {}

  static String row(Requests.Entry entry) {
    var event = entry.event();
    boolean session = event.subjectKind() == Principal.Kind.SESSION;
    return Csv.row(
        CallId.REQUEST.format(event.id()),
        event.startedAt(),
        Shapes.id(event.project()),
        session ? null : WireId.API_KEY.format(event.subjectId()),
        session ? WireId.USER.format(event.subjectId()) : null,
        entry.subjectName(),
        Shapes.word(event.endpoint()),
        Shapes.word(event.outcome()),
        event.httpStatus(),
        event.errorCode(),
        event.model(),
        event.version(),
        event.promptTokens(),
        event.cachedTokens(),
        event.completionTokens(),
        event.reasoningTokens(),
        Shapes.milliseconds(event.firstTokenMicros()),
        Shapes.milliseconds(event.totalMicros()),
        Shapes.milliseconds(event.runnerCpuMicros()),
        event.streamed(),
        event.verdict(),
        entry.amount() == null ? null : Shapes.decimal(entry.amount()),
        entry.amount() == null ? null : Shapes.CURRENCY);
  }
}
