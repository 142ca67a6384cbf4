package dev.postern.tenancy.internal.ledger;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageEvent;
import java.io.IOException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Entries as the spool keeps them: JSON, so that people can read what waits there. */
final class EntryCodec {
  private static final JsonMapper MAPPER = new JsonMapper();

  private EntryCodec() {}

  static byte[] encode(Entry entry) throws IOException {
    ObjectNode node =
        switch (entry) {
          case Entry.Usage(UsageEvent event) -> usage(event);
          case Entry.Finding(SecurityEvent event) -> finding(event);
        };
    return MAPPER.writeValueAsBytes(node);
  }

  static Entry decode(byte[] bytes) throws IOException {
    JsonNode node = MAPPER.readTree(bytes);
    return node.has("detector")
        ? new Entry.Finding(findingOf(node))
        : new Entry.Usage(usageOf(node));
  }

  private static ObjectNode usage(UsageEvent event) {
    ObjectNode node =
        MAPPER
            .createObjectNode()
            .put("id", event.id().toString())
            .put("tenant", event.tenant().value().toString())
            .put("project", event.project().value().toString())
            .put("subject_kind", event.subjectKind().name())
            .put("subject_id", event.subjectId().toString())
            .put("endpoint", event.endpoint().name())
            .put("model", event.model())
            .put("version", event.version())
            .put("prompt_tokens", event.promptTokens())
            .put("cached_tokens", event.cachedTokens())
            .put("completion_tokens", event.completionTokens())
            .put("reasoning_tokens", event.reasoningTokens())
            .put("outcome", event.outcome().name())
            .put("http_status", event.httpStatus())
            .put("error_code", event.errorCode())
            .put("streamed", event.streamed())
            .put("started_at", event.startedAt().toString())
            .put("first_token_micros", event.firstTokenMicros())
            .put("total_micros", event.totalMicros())
            .put("runner_cpu_micros", event.runnerCpuMicros())
            .put("verdict", event.verdict());
    ObjectNode stages = node.putObject("stage_micros");
    event.stageMicros().forEach(stages::put);
    return node;
  }

  private static UsageEvent usageOf(JsonNode node) {
    Map<String, Long> stages = new LinkedHashMap<>();
    node.path("stage_micros")
        .properties()
        .forEach(stage -> stages.put(stage.getKey(), stage.getValue().longValue()));
    return new UsageEvent(
        uuid(node, "id"),
        new TenantId(uuid(node, "tenant")),
        new ProjectId(uuid(node, "project")),
        Principal.Kind.valueOf(text(node, "subject_kind")),
        uuid(node, "subject_id"),
        UsageEvent.Endpoint.valueOf(text(node, "endpoint")),
        text(node, "model"),
        textOrNull(node, "version"),
        number(node, "prompt_tokens"),
        number(node, "cached_tokens"),
        number(node, "completion_tokens"),
        number(node, "reasoning_tokens"),
        UsageEvent.Outcome.valueOf(text(node, "outcome")),
        node.path("http_status").intValue(),
        textOrNull(node, "error_code"),
        node.path("streamed").booleanValue(),
        Instant.parse(text(node, "started_at")),
        number(node, "first_token_micros"),
        number(node, "total_micros"),
        number(node, "runner_cpu_micros"),
        stages,
        text(node, "verdict"));
  }

  private static ObjectNode finding(SecurityEvent event) {
    return MAPPER
        .createObjectNode()
        .put("id", event.id().toString())
        .put("tenant", event.tenant().value().toString())
        .put("project", event.project().value().toString())
        .put("request_id", event.requestId().toString())
        .put("subject_kind", event.subjectKind().name())
        .put("subject_id", event.subjectId().toString())
        .put("created_at", event.createdAt().toString())
        .put("detector", event.detector())
        .put("action", event.action())
        .put("stage", event.stage())
        .put("count", event.count());
  }

  private static SecurityEvent findingOf(JsonNode node) {
    return new SecurityEvent(
        uuid(node, "id"),
        new TenantId(uuid(node, "tenant")),
        new ProjectId(uuid(node, "project")),
        uuid(node, "request_id"),
        Principal.Kind.valueOf(text(node, "subject_kind")),
        uuid(node, "subject_id"),
        Instant.parse(text(node, "created_at")),
        text(node, "detector"),
        text(node, "action"),
        text(node, "stage"),
        number(node, "count"));
  }

  private static UUID uuid(JsonNode node, String field) {
    return UUID.fromString(text(node, field));
  }

  private static String text(JsonNode node, String field) {
    String text = textOrNull(node, field);
    if (text == null) {
      throw new IllegalArgumentException("spooled entry without " + field);
    }
    return text;
  }

  private static @Nullable String textOrNull(JsonNode node, String field) {
    return node.path(field).textValue();
  }

  private static long number(JsonNode node, String field) {
    return node.path(field).longValue();
  }
}
