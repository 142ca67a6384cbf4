package dev.postern.runners.template;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a chat template gets to see.
 *
 * @param tools descriptions of what the model may call, each as the API takes them ({@code
 *     {"type":"function","function":{…}}}); empty for none
 * @param flags further variables that some templates know, such as {@code enable_thinking}
 */
public record Conversation(List<Turn> turns, List<JsonNode> tools, Map<String, JsonNode> flags) {

  public Conversation {
    turns = List.copyOf(turns);
    tools = List.copyOf(tools);
    flags = Map.copyOf(flags);
  }

  /** Turns alone. */
  public static Conversation of(List<Turn> turns) {
    return new Conversation(turns, List.of(), Map.of());
  }

  /**
   * One message.
   *
   * @param content empty when the turn carries only tool calls
   * @param toolCalls what an assistant's turn called
   * @param toolCallId which call a tool's turn answers
   * @param reasoning what an assistant thought before it answered, apart from its content
   */
  public record Turn(
      String role,
      String content,
      @Nullable String name,
      List<ToolCall> toolCalls,
      @Nullable String toolCallId,
      @Nullable String reasoning) {

    public Turn {
      toolCalls = List.copyOf(toolCalls);
    }

    public static Turn of(String role, String content) {
      return new Turn(role, content, null, List.of(), null, null);
    }
  }

  /**
   * @param arguments as JSON text; the template sees the object it stands for
   */
  public record ToolCall(String id, String name, String arguments) {}
}
