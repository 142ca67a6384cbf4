package dev.postern.runners.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import dev.postern.runners.grammar.CallFormat;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.ToolCall;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ChatRequest.Message;
import dev.postern.runners.wire.Tools;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** A request's messages and tools as a model's template can show them. */
final class ChatTurns {
  private ChatTurns() {}

  /**
   * Templates that know nothing of tools get them told in plain words, calls and their answers
   * included.
   */
  static Conversation of(ChatRequest request, String template) {
    List<JsonNode> tools =
        request.tools().mode() == Tools.Mode.NONE
            ? List.of()
            : request.tools().functions().stream().map(Tools.Function::definition).toList();
    Map<String, JsonNode> flags =
        request.thinking() == null
            ? Map.of()
            : Map.of("enable_thinking", BooleanNode.valueOf(request.thinking()));
    List<Turn> turns = request.messages().stream().map(ChatTurns::turn).toList();
    return template.contains("tools")
        ? new Conversation(turns, tools, flags)
        : new Conversation(told(turns, tools), List.of(), flags);
  }

  /** Messages alone. */
  static Conversation of(List<Message> messages) {
    return Conversation.of(messages.stream().map(ChatTurns::turn).toList());
  }

  private static Turn turn(Message message) {
    // Templates know the older role names only.
    var role =
        switch (message.role()) {
          case "developer" -> "system";
          case "function" -> "tool";
          default -> message.role();
        };
    return new Turn(
        role,
        message.content(),
        message.name(),
        message.toolCalls().stream()
            .map(call -> new ToolCall(call.id(), call.name(), call.arguments()))
            .toList(),
        message.toolCallId(),
        message.reasoning());
  }

  private static List<Turn> told(List<Turn> turns, List<JsonNode> tools) {
    List<Turn> told = new ArrayList<>();
    turns.forEach(turn -> told.add(told(turn)));
    if (tools.isEmpty()) {
      return told;
    }
    String instruction = instruction(tools);
    if (!told.isEmpty() && told.getFirst().role().equals("system")) {
      told.set(0, Turn.of("system", told.getFirst().content() + "\n\n" + instruction));
    } else {
      told.addFirst(Turn.of("system", instruction));
    }
    return told;
  }

  private static String instruction(List<JsonNode> tools) {
    var format = CallFormat.TAGS;
    return "You can call these functions:\n"
        + tools.stream()
            .map(tool -> tool.path("function").toString())
            .collect(Collectors.joining("\n"))
        + "\nTo call one, write nothing but this, with its name and arguments:\n"
        + format.before()
        + "NAME"
        + format.middle()
        + "{}"
        + format.after();
  }

  private static Turn told(Turn turn) {
    if (turn.role().equals("tool")) {
      return Turn.of("user", "<tool_response>\n" + turn.content() + "\n</tool_response>");
    }
    if (turn.toolCalls().isEmpty()) {
      return turn;
    }
    var format = CallFormat.TAGS;
    String calls =
        turn.toolCalls().stream()
            .map(call ->
                format.before() + call.name() + format.middle() + call.arguments() + format.after())
            .collect(Collectors.joining(format.between()));
    return Turn.of(turn.role(), turn.content().isEmpty() ? calls : turn.content() + "\n" + calls);
  }
}
