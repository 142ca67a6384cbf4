package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a call used.
 *
 * @param promptTokens cached ones included
 * @param reasoningTokens of the completion's, what the model thought before its content
 * @param cpuMicros the runner's processor time, which only our own runners report
 */
public record TokenUsage(
    long promptTokens,
    long cachedTokens,
    long completionTokens,
    long reasoningTokens,
    long cpuMicros) {
  public static final TokenUsage NONE = new TokenUsage(0, 0, 0, 0, 0);

  /** The usage that an answer or a chunk reports; empty when it has none. */
  public static Optional<TokenUsage> of(JsonNode answer) {
    var usage = answer.path("usage");
    if (!usage.isObject()) {
      return Optional.empty();
    }
    return Optional.of(
        new TokenUsage(
            usage.path("prompt_tokens").asLong(),
            usage.path("prompt_tokens_details").path("cached_tokens").asLong(),
            usage.path("completion_tokens").asLong(),
            usage.path("completion_tokens_details").path("reasoning_tokens").asLong(),
            answer.path("postern").path("cpu_us").asLong()));
  }

  /** The size of the prompt, which our own runners tell with a stream's first chunk. */
  public static OptionalLong promptTokens(JsonNode chunk) {
    var told = chunk.path("postern").path("prompt_tokens");
    return told.isIntegralNumber() ? OptionalLong.of(told.longValue()) : OptionalLong.empty();
  }

  /** The {@code usage} object of the API. */
  public ObjectNode json() {
    var usage =
        JsonNodeFactory.instance
            .objectNode()
            .put("prompt_tokens", promptTokens)
            .put("completion_tokens", completionTokens)
            .put("total_tokens", promptTokens + completionTokens);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cachedTokens);
    usage.putObject("completion_tokens_details").put("reasoning_tokens", reasoningTokens);
    return usage;
  }
}
