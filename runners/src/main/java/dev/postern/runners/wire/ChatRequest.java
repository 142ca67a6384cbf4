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
 */
public record ChatRequest(
    ObjectNode body,
    String model,
    List<Message> messages,
    Sampling sampling,
    @Nullable Integer maxCompletionTokens,
    boolean stream,
    boolean includeUsage)
    implements InferenceRequest {

  public ChatRequest {
    messages = List.copyOf(messages);
  }

  /**
   * One message; several text parts are joined.
   *
   * @param content the text; empty when the message carries only tool calls
   */
  public record Message(String role, String content, @Nullable String name) {}
}
