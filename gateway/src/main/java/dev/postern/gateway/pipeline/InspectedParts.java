package dev.postern.gateway.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.inspect.OutputInspector;
import dev.postern.gateway.inspect.OutputInspector.TextStream;
import dev.postern.registry.GuardrailPolicy;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What a choice says beside its content: thoughts, and the arguments of each call. Each of them is
 * one text to the policy.
 */
final class InspectedParts {
  private static final String THOUGHTS = "reasoning_content";

  private final OutputInspector inspector;
  private final GuardrailPolicy policy;
  private final Map<Integer, TextStream> calls = new TreeMap<>();
  private final TextStream thoughts;

  InspectedParts(OutputInspector inspector, GuardrailPolicy policy) {
    this.inspector = inspector;
    this.policy = policy;
    this.thoughts = inspector.open(policy);
  }

  /** Leaves in a message or a delta what may be sent now. */
  void pass(ObjectNode said) {
    if (said.path(THOUGHTS).isTextual()) {
      said.put(THOUGHTS, thoughts.accept(said.get(THOUGHTS).textValue()));
    }
    int place = 0;
    for (JsonNode call : said.path("tool_calls")) {
      int index = call.path("index").asInt(place++);
      if (call.get("function") instanceof ObjectNode function) {
        var stream = calls.computeIfAbsent(index, _ -> inspector.open(policy));
        function.put("arguments", stream.accept(function.path("arguments").asText()));
      }
    }
  }

  /**
   * Puts what was held back behind what a message or a delta says; true where that was anything.
   */
  boolean finish(ObjectNode said, boolean chunk) {
    boolean any = false;
    String rest = thoughts.finish();
    if (!rest.isEmpty()) {
      said.put(THOUGHTS, said.path(THOUGHTS).asText() + rest);
      any = true;
    }
    for (var call : calls.entrySet()) {
      String more = call.getValue().finish();
      if (!more.isEmpty()) {
        ObjectNode function = function(said, call.getKey(), chunk);
        function.put("arguments", function.path("arguments").asText() + more);
        any = true;
      }
    }
    return any;
  }

  private static ObjectNode function(ObjectNode said, int index, boolean chunk) {
    ArrayNode list =
        said.get("tool_calls") instanceof ArrayNode known ? known : said.putArray("tool_calls");
    if (!chunk) {
      return (ObjectNode) list.get(index).get("function");
    }
    return list.addObject().put("index", index).putObject("function");
  }

  boolean blocked() {
    return thoughts.blocked() || calls.values().stream().anyMatch(TextStream::blocked);
  }

  List<Finding> findings() {
    return Stream.concat(Stream.of(thoughts), calls.values().stream())
        .flatMap(stream -> stream.findings().stream())
        .toList();
  }
}
