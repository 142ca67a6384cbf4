package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A validated {@code POST /v1/postern/explain} body: why a prompt gets an answer, or whether a text
 * is known by heart. Exactly one of {@code messages} (not empty), {@code prompt} and {@code text}
 * is given.
 *
 * @param answer to explain; null to have it generated
 * @param text to probe for memorisation
 * @param prefixTokens how many of its tokens are given to the model; null for half
 * @param maxTokens of a generated answer
 * @param top alternatives to each token of the answer
 * @param attribution whether parts of the prompt are left out one by one
 * @param layers whether the answer is decoded early, after each layer
 */
public record ExplainRequest(
    ObjectNode body,
    String model,
    List<ChatRequest.Message> messages,
    @Nullable String prompt,
    @Nullable String answer,
    @Nullable String text,
    @Nullable Integer prefixTokens,
    int maxTokens,
    int top,
    boolean attribution,
    boolean layers)
    implements InferenceRequest {

  public ExplainRequest {
    messages = List.copyOf(messages);
  }

  /** Never: pictures come whole. */
  @Override
  public boolean stream() {
    return false;
  }
}
