package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * @param logprobs whether they were asked for
 */
record ChatFormat(boolean logprobs) implements AnswerFormat {

  @Override
  public String idPrefix() {
    return "chatcmpl-";
  }

  @Override
  public String object() {
    return "chat.completion";
  }

  @Override
  public String chunkObject() {
    return "chat.completion.chunk";
  }

  @Override
  public void choice(JsonGenerator json, Delta answer) throws IOException {
    json.writeObjectFieldStart("message");
    json.writeStringField("role", "assistant");
    if (answer.text().isEmpty() && !answer.calls().isEmpty()) {
      json.writeNullField("content");
    } else {
      json.writeStringField("content", answer.text());
    }
    if (!answer.thoughts().isEmpty()) {
      json.writeStringField("reasoning_content", answer.thoughts());
    }
    json.writeNullField("refusal");
    json.writeArrayFieldStart("annotations");
    json.writeEndArray();
    if (!answer.calls().isEmpty()) {
      json.writeArrayFieldStart("tool_calls");
      for (var call : answer.calls()) {
        call(json, call, false);
      }
      json.writeEndArray();
    }
    json.writeEndObject();
    logprobs(json, answer.tokens());
  }

  /** A whole call, or in a chunk a piece of one. */
  private static void call(JsonGenerator json, AnswerParts.CallPiece call, boolean chunk)
      throws IOException {
    json.writeStartObject();
    if (chunk) {
      json.writeNumberField("index", call.index());
    }
    if (call.id() != null) {
      json.writeStringField("id", call.id());
      json.writeStringField("type", "function");
    }
    json.writeObjectFieldStart("function");
    if (call.name() != null) {
      json.writeStringField("name", call.name());
    }
    json.writeStringField("arguments", call.arguments());
    json.writeEndObject();
    json.writeEndObject();
  }

  @Override
  public void opening(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("delta");
    json.writeStringField("role", "assistant");
    json.writeStringField("content", "");
    json.writeNullField("refusal");
    json.writeEndObject();
    json.writeNullField("logprobs");
  }

  @Override
  public void delta(JsonGenerator json, Delta delta, int offset) throws IOException {
    json.writeObjectFieldStart("delta");
    if (!delta.thoughts().isEmpty()) {
      json.writeStringField("reasoning_content", delta.thoughts());
    }
    boolean nothingElse = delta.thoughts().isEmpty() && delta.calls().isEmpty();
    if (nothingElse || !delta.text().isEmpty()) {
      json.writeStringField("content", delta.text());
    }
    if (!delta.calls().isEmpty()) {
      json.writeArrayFieldStart("tool_calls");
      for (var call : delta.calls()) {
        call(json, call, true);
      }
      json.writeEndArray();
    }
    json.writeEndObject();
    logprobs(json, delta.tokens());
  }

  @Override
  public void closing(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("delta");
    json.writeEndObject();
    json.writeNullField("logprobs");
  }

  private void logprobs(JsonGenerator json, List<ScoredToken> tokens) throws IOException {
    if (!logprobs) {
      json.writeNullField("logprobs");
      return;
    }
    json.writeObjectFieldStart("logprobs");
    json.writeArrayFieldStart("content");
    for (var token : tokens) {
      json.writeStartObject();
      token(json, token.bytes(), token.logprob());
      json.writeArrayFieldStart("top_logprobs");
      for (var other : token.top()) {
        json.writeStartObject();
        token(json, other.bytes(), other.logprob());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeNullField("refusal");
    json.writeEndObject();
  }

  private static void token(JsonGenerator json, byte[] bytes, float logprob) throws IOException {
    json.writeStringField("token", new String(bytes, StandardCharsets.UTF_8));
    json.writeNumberField("logprob", Math.min(0, logprob));
    json.writeArrayFieldStart("bytes");
    for (byte b : bytes) {
      json.writeNumber(b & 0xff);
    }
    json.writeEndArray();
  }
}
