package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Documents and chunks of one answer.
 *
 * @param includeUsage whether chunks have a usage field
 */
record AnswerWriter(
    AnswerFormat format,
    String id,
    long created,
    String model,
    String fingerprint,
    boolean includeUsage) {

  /**
   * @param answer all of its deltas as one
   */
  record Finished(Delta answer, String reason) {}

  Buffer document(List<Finished> choices, int promptTokens, GenerationRun.Totals totals) {
    return Json.object(json -> {
      head(json, format.object());
      json.writeArrayFieldStart("choices");
      for (int i = 0; i < choices.size(); i++) {
        var choice = choices.get(i);
        json.writeStartObject();
        json.writeNumberField("index", i);
        format.choice(json, choice.answer());
        json.writeStringField("finish_reason", choice.reason());
        json.writeEndObject();
      }
      json.writeEndArray();
      usage(json, promptTokens, totals);
    });
  }

  /**
   * The first chunk of a choice. It tells the size of the prompt already, for those who keep
   * accounts: a stream that is cut never comes to its usage.
   */
  Buffer opening(int index, int promptTokens) {
    return chunk(
        index,
        null,
        format::opening,
        json -> {
          if (includeUsage) {
            json.writeObjectFieldStart("postern");
            json.writeNumberField("prompt_tokens", promptTokens);
            json.writeEndObject();
          }
        });
  }

  Buffer delta(int index, Delta delta, int offset) {
    return chunk(index, null, json -> format.delta(json, delta, offset));
  }

  Buffer closing(int index, String reason) {
    return chunk(index, reason, format::closing);
  }

  Buffer usage(int promptTokens, GenerationRun.Totals totals) {
    return Json.object(json -> {
      head(json, format.chunkObject());
      json.writeArrayFieldStart("choices");
      json.writeEndArray();
      usage(json, promptTokens, totals);
    });
  }

  private Buffer chunk(int index, @Nullable String reason, Json.Fields fields) {
    return chunk(index, reason, fields, _ -> {});
  }

  private Buffer chunk(
      int index, @Nullable String reason, Json.Fields fields, Json.Fields extension) {
    return Json.object(json -> {
      head(json, format.chunkObject());
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", index);
      fields.write(json);
      json.writeStringField("finish_reason", reason);
      json.writeEndObject();
      json.writeEndArray();
      if (includeUsage) {
        json.writeNullField("usage");
      }
      extension.write(json);
    });
  }

  private void head(JsonGenerator json, String object) throws IOException {
    json.writeStringField("id", id);
    json.writeStringField("object", object);
    json.writeNumberField("created", created);
    json.writeStringField("model", model);
    json.writeStringField("system_fingerprint", fingerprint);
  }

  private static void usage(JsonGenerator json, int promptTokens, GenerationRun.Totals totals)
      throws IOException {
    json.writeObjectFieldStart("usage");
    json.writeNumberField("prompt_tokens", promptTokens);
    json.writeNumberField("completion_tokens", totals.completionTokens());
    json.writeNumberField("total_tokens", promptTokens + totals.completionTokens());
    json.writeObjectFieldStart("prompt_tokens_details");
    json.writeNumberField("cached_tokens", totals.cachedTokens());
    json.writeEndObject();
    json.writeObjectFieldStart("completion_tokens_details");
    json.writeNumberField("reasoning_tokens", totals.thinkingTokens());
    json.writeEndObject();
    json.writeEndObject();
    cost(json, totals.cpuMicros(), totals.queueMicros());
  }

  /** Our extension: what the answer took, for the gateway's accounts. */
  static void cost(JsonGenerator json, long cpuMicros, long queueMicros) throws IOException {
    json.writeObjectFieldStart("postern");
    json.writeNumberField("cpu_us", cpuMicros);
    json.writeNumberField("queue_us", queueMicros);
    json.writeEndObject();
  }
}
