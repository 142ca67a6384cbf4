package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Plays one {@link FakeReply} to one request. */
final class FakeAnswer {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long CREATED = 1_700_000_000L;

  private final Vertx vertx;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final JsonNode body;
  private final FakeReply reply;
  private final Promise<Void> ended;
  private final boolean chat;

  FakeAnswer(
      Vertx vertx, HttpServerRequest request, JsonNode body, FakeReply reply, Promise<Void> ended) {
    this.vertx = vertx;
    this.request = request;
    this.response = request.response();
    this.body = body;
    this.reply = reply;
    this.ended = ended;
    chat = request.path().contains("chat");
  }

  void play() {
    if (reply.silent()) {
      return;
    }
    if (reply.dropAfter() == 0) {
      request.connection().close();
      return;
    }
    response.setStatusCode(reply.status());
    reply.headers().forEach(response::putHeader);
    if (reply.status() != 200 || !reply.body().isEmpty()) {
      document(reply.body());
    } else if (!reply.vectors().isEmpty()) {
      document(embeddings().toString());
    } else if (!reply.raw().isEmpty()) {
      stream(reply.raw().stream().map(Buffer::buffer).toList());
    } else if (body.path("stream").asBoolean()) {
      stream(split(events()));
    } else {
      document(completion().toString());
    }
  }

  private void document(String text) {
    response.putHeader("content-type", "application/json");
    response.end(text).onSuccess(_ -> ended.tryComplete());
  }

  private void stream(List<Buffer> writes) {
    response.putHeader("content-type", "text/event-stream").setChunked(true);
    write(new ArrayDeque<>(writes));
  }

  private void write(Deque<Buffer> writes) {
    if (writes.isEmpty()) {
      if (reply.dropAfter() >= 0) {
        request.connection().close();
      } else {
        response.end().onSuccess(_ -> ended.tryComplete());
      }
    } else if (reply.between().isZero()) {
      response.write(writes.poll()).onSuccess(_ -> write(writes));
    } else {
      vertx.setTimer(
          Math.max(1, reply.between().toMillis()),
          _ -> response.write(writes.poll()).onSuccess(_ -> write(writes)));
    }
  }

  private List<Buffer> split(List<Buffer> events) {
    if (reply.splitEvery() == 0) {
      return events;
    }
    var all = Buffer.buffer();
    events.forEach(all::appendBuffer);
    var pieces = new ArrayList<Buffer>();
    for (int i = 0; i < all.length(); i += reply.splitEvery()) {
      pieces.add(all.getBuffer(i, Math.min(all.length(), i + reply.splitEvery())));
    }
    return pieces;
  }

  private List<Buffer> events() {
    var events = new ArrayList<Buffer>();
    if (chat) {
      events.add(chunk(JSON.createObjectNode().put("role", "assistant").put("content", ""), null));
    }
    int sent = 0;
    for (var delta : reply.deltas()) {
      if (sent == reply.dropAfter()) {
        return events;
      }
      if (sent == reply.errorAfter()) {
        events.add(event(FakeReply.error("the engine failed", "engine_failed")));
        return events;
      }
      events.add(chunk(JSON.createObjectNode().put("content", delta), null));
      sent++;
    }
    events.add(chunk(JSON.createObjectNode(), reply.finishReason()));
    if (body.path("stream_options").path("include_usage").asBoolean()) {
      var last = head(chat ? "chat.completion.chunk" : "text_completion");
      last.putArray("choices");
      events.add(event(withUsage(last).toString()));
    }
    events.add(event("[DONE]"));
    return events;
  }

  private Buffer chunk(ObjectNode delta, @Nullable String finishReason) {
    var chunk = head(chat ? "chat.completion.chunk" : "text_completion");
    var choice = chunk.putArray("choices").addObject().put("index", 0);
    if (chat) {
      choice.set("delta", delta);
    } else {
      choice.put("text", delta.path("content").asText(""));
    }
    choice.putNull("logprobs").put("finish_reason", finishReason);
    return event(chunk.toString());
  }

  private static Buffer event(String data) {
    return Buffer.buffer("data: " + data + "\n\n");
  }

  private ObjectNode completion() {
    var text = String.join("", reply.deltas());
    var document = head(chat ? "chat.completion" : "text_completion");
    var choice = document.putArray("choices").addObject().put("index", 0);
    if (chat) {
      choice.putObject("message").put("role", "assistant").put("content", text).putNull("refusal");
    } else {
      choice.put("text", text);
    }
    choice.putNull("logprobs").put("finish_reason", reply.finishReason());
    return withUsage(document);
  }

  private ObjectNode embeddings() {
    var document = JSON.createObjectNode().put("object", "list");
    document.put("model", body.path("model").asText());
    var data = document.putArray("data");
    boolean base64 = body.path("encoding_format").asText().equals("base64");
    for (int i = 0; i < reply.vectors().size(); i++) {
      var entry = data.addObject().put("object", "embedding").put("index", i);
      var vector = reply.vectors().get(i);
      if (base64) {
        var bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        entry.put("embedding", Base64.getEncoder().encodeToString(bytes.array()));
      } else {
        var numbers = entry.putArray("embedding");
        for (var number : vector) {
          numbers.add(number);
        }
      }
    }
    document
        .putObject("usage")
        .put("prompt_tokens", reply.usage().promptTokens())
        .put("total_tokens", reply.usage().promptTokens());
    document.putObject("postern").put("cpu_us", 1000).put("queue_us", 10);
    return document;
  }

  private ObjectNode head(String object) {
    return JSON.createObjectNode()
        .put("id", (chat ? "chatcmpl-" : "cmpl-") + "fake")
        .put("object", object)
        .put("created", CREATED)
        .put("model", body.path("model").asText())
        .put("system_fingerprint", "fp_fake");
  }

  private ObjectNode withUsage(ObjectNode document) {
    var usage = reply.usage();
    var tokens =
        document
            .putObject("usage")
            .put("prompt_tokens", usage.promptTokens())
            .put("completion_tokens", usage.completionTokens())
            .put("total_tokens", usage.promptTokens() + usage.completionTokens());
    tokens.putObject("prompt_tokens_details").put("cached_tokens", 0);
    tokens.putObject("completion_tokens_details").put("reasoning_tokens", 0);
    document.putObject("postern").put("cpu_us", 1000).put("queue_us", 10);
    return document;
  }
}
