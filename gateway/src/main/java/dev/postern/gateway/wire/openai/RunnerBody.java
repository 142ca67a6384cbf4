package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RerankRequest;
import io.vertx.core.buffer.Buffer;
import java.util.Iterator;
import java.util.List;

/**
 * A request as the runner gets it: the client's body, with the texts that guardrails let pass, the
 * tokens that were granted, and without what is between the client and us.
 */
public final class RunnerBody {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> OURS =
      List.of("store", "metadata", "user", "safety_identifier", "prompt_cache_key", "service_tier");

  private final ObjectNode body;

  private RunnerBody(ObjectNode body) {
    this.body = body;
  }

  /**
   * @param texts the prompt's texts, perhaps rewritten
   * @param completionTokens granted for each choice
   */
  public static RunnerBody of(InferenceRequest request, List<String> texts, long completionTokens) {
    var body = request.body().objectNode();
    body.setAll(request.body());
    body.remove(OURS);
    switch (request) {
      case ChatRequest chat -> {
        body.remove("max_tokens");
        body.put("max_completion_tokens", completionTokens);
        askForUsage(body, chat.stream());
        var replaced = texts.iterator();
        replaceMessages(body, chat.messages(), replaced);
        if (!texts.subList(chat.messages().size(), texts.size()).equals(ChatTexts.of(body))) {
          ChatTexts.replace(body, replaced);
        }
      }
      case CompletionRequest completion -> {
        body.put("max_tokens", completionTokens);
        askForUsage(body, completion.stream());
        replaceAll(body, "prompt", completion.prompts(), texts);
      }
      case EmbeddingRequest embedding -> replaceAll(body, "input", embedding.inputs(), texts);
      case RerankRequest rerank -> {
        body.put("query", texts.getFirst());
        replaceAll(body, "documents", rerank.documents(), texts.subList(1, texts.size()));
      }
      case ClassifyRequest classify -> replaceAll(body, "input", classify.inputs(), texts);
      case ExplainRequest explain -> {
        if (completionTokens > 0) {
          body.put("max_tokens", completionTokens);
        }
        var others = texts.iterator();
        replaceMessages(body, explain.messages(), others);
        for (var name : List.of("prompt", "answer", "text")) {
          if (body.path(name).isTextual()) {
            body.put(name, others.next());
          }
        }
      }
    }
    return new RunnerBody(body);
  }

  /** The bytes for a runner that knows the model by this name. */
  public Buffer forModel(String model) {
    try {
      return Buffer.buffer(JSON.writeValueAsBytes(body.put("model", model)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a JSON tree has a JSON form", e);
    }
  }

  /** We meter streams whether the client asked for the numbers or not. */
  private static void askForUsage(ObjectNode body, boolean stream) {
    if (stream) {
      body.putObject("stream_options").put("include_usage", true);
    }
  }

  private static void replaceMessages(
      ObjectNode body, List<ChatRequest.Message> given, Iterator<String> texts) {
    if (!(body.get("messages") instanceof ArrayNode originals)) {
      return;
    }
    var messages = body.arrayNode(originals.size());
    for (var i = 0; i < originals.size(); i++) {
      var text = texts.next();
      var unchanged = text.equals(given.get(i).content());
      messages.add(unchanged ? originals.get(i) : withContent(originals.get(i), text));
    }
    body.set("messages", messages);
  }

  private static JsonNode withContent(JsonNode message, String text) {
    return message.deepCopy() instanceof ObjectNode copy ? copy.put("content", text) : message;
  }

  private static void replaceAll(
      ObjectNode body, String field, List<String> originals, List<String> texts) {
    if (texts.equals(originals)) {
      return;
    }
    if (body.path(field).isTextual()) {
      body.put(field, texts.getFirst());
    } else {
      var array = body.putArray(field);
      texts.forEach(array::add);
    }
  }
}
