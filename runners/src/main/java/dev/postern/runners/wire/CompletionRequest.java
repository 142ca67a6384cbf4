package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A validated {@code POST /v1/completions} body. Exactly one of the prompt lists is not empty.
 *
 * @param prompts text prompts
 * @param tokenPrompts prompts given as token ids
 * @param maxTokens 16 when absent, as the API says
 * @param logprobs number of alternatives, 0 to 5; null when not asked for
 */
public record CompletionRequest(
    ObjectNode body,
    String model,
    List<String> prompts,
    List<int[]> tokenPrompts,
    Sampling sampling,
    int maxTokens,
    boolean echo,
    @Nullable Integer logprobs,
    int bestOf,
    @Nullable String suffix,
    boolean stream,
    boolean includeUsage)
    implements InferenceRequest {}
