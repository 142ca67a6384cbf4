package dev.postern.runners.server;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;

/**
 * @param logprobs whether they were asked for
 */
record CompletionFormat(boolean logprobs) implements AnswerFormat {

  @Override
  public String idPrefix() {
    return "cmpl-";
  }

  @Override
  public String object() {
    return "text_completion";
  }

  @Override
  public String chunkObject() {
    return "text_completion";
  }

  @Override
  public void choice(JsonGenerator json, Delta answer) throws IOException {
    json.writeStringField("text", answer.text());
    logprobs(json, answer.tokens(), 0);
  }

  @Override
  public void opening(JsonGenerator json) throws IOException {
    closing(json);
  }

  @Override
  public void delta(JsonGenerator json, Delta delta, int offset) throws IOException {
    json.writeStringField("text", delta.text());
    logprobs(json, delta.tokens(), offset);
  }

  @Override
  public void closing(JsonGenerator json) throws IOException {
    json.writeStringField("text", "");
    json.writeNullField("logprobs");
  }

  private void logprobs(JsonGenerator json, List<ScoredToken> tokens, int offset)
      throws IOException {
    if (!logprobs) {
      json.writeNullField("logprobs");
      return;
    }
    json.writeObjectFieldStart("logprobs");
    json.writeArrayFieldStart("tokens");
    for (var token : tokens) {
      json.writeString(text(token.bytes()));
    }
    json.writeEndArray();
    json.writeArrayFieldStart("token_logprobs");
    for (var token : tokens) {
      if (token.first()) {
        json.writeNull();
      } else {
        json.writeNumber(Math.min(0, token.logprob()));
      }
    }
    json.writeEndArray();
    json.writeArrayFieldStart("top_logprobs");
    for (var token : tokens) {
      top(json, token);
    }
    json.writeEndArray();
    json.writeArrayFieldStart("text_offset");
    int at = offset;
    for (var token : tokens) {
      json.writeNumber(at);
      at += characters(token.bytes());
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void top(JsonGenerator json, ScoredToken token) throws IOException {
    if (token.first()) {
      json.writeNull();
      return;
    }
    // Two tokens may read the same; the likelier one comes first and stands.
    var alternatives = new LinkedHashMap<String, Float>();
    token.top().forEach(other -> alternatives.putIfAbsent(text(other.bytes()), other.logprob()));
    alternatives.putIfAbsent(text(token.bytes()), token.logprob());
    json.writeStartObject();
    for (var entry : alternatives.entrySet()) {
      json.writeNumberField(entry.getKey(), Math.min(0, entry.getValue()));
    }
    json.writeEndObject();
  }

  /** A part of a character is written as its bytes, as the API has always done. */
  private static String text(byte[] bytes) {
    var text = new String(bytes, StandardCharsets.UTF_8);
    if (text.indexOf('\ufffd') < 0) {
      return text;
    }
    var escaped = new StringBuilder("bytes:");
    for (byte b : bytes) {
      escaped
          .append("\\x")
          .append(Character.forDigit((b >> 4) & 15, 16))
          .append(Character.forDigit(b & 15, 16));
    }
    return escaped.toString();
  }

  /** Characters that begin in these bytes. */
  static int characters(byte[] bytes) {
    int count = 0;
    for (byte b : bytes) {
      count += (b & 0xc0) == 0x80 ? 0 : 1;
    }
    return count;
  }
}
