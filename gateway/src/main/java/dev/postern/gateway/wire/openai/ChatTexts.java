package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What a chat tells the model beside its messages' contents: thoughts and calls of earlier answers,
 * and the tools and the schema of the answer with every text in them.
 */
public final class ChatTexts {
  private static final List<String> WHOLE = List.of("tools", "response_format");

  private ChatTexts() {}

  /** In the order in which {@link #replace} takes them. */
  public static List<String> of(ObjectNode body) {
    List<String> texts = new ArrayList<>();
    changed(
        body,
        text -> {
          texts.add(text);
          return text;
        });
    return texts;
  }

  /** Puts other texts in their places; the body itself is changed, its parts are not. */
  public static void replace(ObjectNode body, Iterator<String> texts) {
    changed(body, _ -> texts.next()).properties().forEach(e -> body.set(e.getKey(), e.getValue()));
  }

  private static ObjectNode changed(ObjectNode body, UnaryOperator<String> change) {
    ObjectNode result = body.objectNode();
    if (body.get("messages") instanceof ArrayNode messages) {
      ArrayNode copies = result.putArray("messages");
      messages.forEach(message -> copies.add(message(message, change)));
    }
    for (String name : WHOLE) {
      if (body.hasNonNull(name)) {
        result.set(name, all(body.get(name), change));
      }
    }
    return result;
  }

  private static JsonNode message(JsonNode message, UnaryOperator<String> change) {
    if (!(message instanceof ObjectNode object)) {
      return message;
    }
    ObjectNode copy = object.objectNode();
    copy.setAll(object);
    if (object.path("reasoning_content").isTextual()) {
      copy.put("reasoning_content", change.apply(object.get("reasoning_content").textValue()));
    }
    if (object.get("tool_calls") instanceof ArrayNode calls) {
      ArrayNode copies = copy.putArray("tool_calls");
      calls.forEach(call -> copies.add(call(call, change)));
    }
    return copy;
  }

  private static JsonNode call(JsonNode call, UnaryOperator<String> change) {
    ObjectNode copy = call.deepCopy();
    if (copy.get("function") instanceof ObjectNode function) {
      function.put("arguments", change.apply(function.path("arguments").asText()));
    }
    return copy;
  }

  private static JsonNode all(JsonNode tree, UnaryOperator<String> change) {
    return switch (tree) {
      case TextNode text -> TextNode.valueOf(change.apply(text.textValue()));
      case ArrayNode list -> {
        ArrayNode copy = list.arrayNode();
        list.forEach(item -> copy.add(all(item, change)));
        yield copy;
      }
      case ObjectNode object -> {
        ObjectNode copy = object.objectNode();
        object.properties().forEach(e -> copy.set(e.getKey(), all(e.getValue(), change)));
        yield copy;
      }
      default -> tree;
    };
  }
}
