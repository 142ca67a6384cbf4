package dev.postern.gateway.http;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import dev.postern.gateway.wire.openai.ErrorAnswer;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.WireId;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * One JSON line for each request. Holds ids, names, counts and times; never a prompt, an answer, a
 * path with its query, or a key.
 */
final class AccessLog {
  private static final Logger ACCESS = LoggerFactory.getLogger("dev.postern.access");
  private static final Logger FAILURES = LoggerFactory.getLogger("dev.postern.failures");
  private static final JsonFactory JSON = new JsonFactory();

  /** Only faults of our own carry their cause: the words of client faults may quote the body. */
  void failure(Exchange exchange, ErrorAnswer answer, Throwable cause) {
    if (answer.level() == Level.ERROR) {
      FAILURES.error("{} failed", exchange.requestId(), cause);
    } else if (answer.status() >= 500) {
      FAILURES
          .atLevel(answer.level())
          .log("{} failed: {}", exchange.requestId(), cause.getMessage());
    }
  }

  void finished(Exchange exchange) {
    if (ACCESS.isInfoEnabled()) {
      ACCESS.info(line(exchange));
    }
  }

  static String line(Exchange exchange) {
    var text = new StringWriter(256);
    try (var json = JSON.createGenerator(text)) {
      json.writeStartObject();
      json.writeStringField("at", exchange.startedAt().toString());
      json.writeStringField("request_id", exchange.requestId());
      writeOptional(json, "client_request_id", RequestHeaders.clientRequestId(exchange.request()));
      json.writeStringField("method", exchange.request().method().name());
      json.writeStringField("route", exchange.route());
      json.writeNumberField("status", exchange.response().getStatusCode());
      json.writeNumberField("ms", exchange.elapsed().toMillis());
      var principal = exchange.principal();
      if (principal != null) {
        json.writeStringField("tenant", WireId.ORGANISATION.format(principal.tenant().value()));
        json.writeStringField(
            "subject",
            switch (principal.kind()) {
              case PROJECT_KEY, ADMIN_KEY -> WireId.API_KEY.format(principal.id());
              case SESSION -> WireId.USER.format(principal.id());
            });
      }
      var usage = exchange.usage();
      if (usage != null) {
        writeUsage(json, usage);
      }
      writeOptional(json, "error", exchange.errorCode());
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static void writeUsage(JsonGenerator json, UsageEvent usage) throws IOException {
    json.writeStringField("project", WireId.PROJECT.format(usage.project().value()));
    json.writeStringField("model", usage.model());
    json.writeStringField("outcome", usage.outcome().name().toLowerCase(Locale.ROOT));
    json.writeStringField("verdict", usage.verdict());
    json.writeNumberField("prompt_tokens", usage.promptTokens());
    json.writeNumberField("completion_tokens", usage.completionTokens());
    json.writeBooleanField("stream", usage.streamed());
    if (usage.firstTokenMicros() >= 0) {
      json.writeNumberField("first_token_ms", usage.firstTokenMicros() / 1000);
    }
  }

  private static void writeOptional(JsonGenerator json, String name, @Nullable String value)
      throws IOException {
    if (value != null) {
      json.writeStringField(name, value);
    }
  }
}
