package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A validated {@code POST /v1/chat/completions} body.
 *
 * @param body the tree as received, for forwarding; the other components are views of it
 * @param maxCompletionTokens {@code max_completion_tokens} or its old name {@code max_tokens}; null
 *     when absent
 * @param responseFormat null for text
 * @param thinking whether the model should think first, where it can; null leaves it to the model
 */
public record ChatRequest(
    ObjectNode body,
    String model,
    List<Message> messages,
    Sampling sampling,
    @Nullable Integer maxCompletionTokens,
    boolean stream,
    boolean includeUsage,
    Tools tools,
    @Nullable ResponseFormat responseFormat,
    @Nullable Boolean thinking)
    implements InferenceRequest {

  public ChatRequest {
    messages = List.copyOf(messages);
  }

  @Override
  public boolean constrained() {
    return responseFormat != null || !tools.callable().isEmpty();
  }

  /**
   * One message; several text parts are joined.
   *
   * @param content the text; empty when the message carries only tool calls
   * @param toolCalls what an assistant's message called
   * @param toolCallId the call that a tool's message answers
   * @param reasoning what an assistant thought before its content
   */
  public record Message(
      String role,
      String content,
      @Nullable String name,
      List<ToolCall> toolCalls,
      @Nullable String toolCallId,
      @Nullable String reasoning) {

    public Message {
      toolCalls = List.copyOf(toolCalls);
    }

    /** A message of text alone. */
    public Message(String role, String content, @Nullable String name) {
      this(role, content, name, List.of(), null, null);
    }
  }

  /**
   * @param arguments JSON text, as the model wrote it
   */
  public record ToolCall(String id, String name, String arguments) {}
}
