package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;

/** Reads a text completion body. */
final class CompletionFields {
  private static final int DEFAULT_MAX_TOKENS = 16;

  private static final Set<String> KNOWN =
      Set.of(
          "best_of",
          "echo",
          "frequency_penalty",
          "logit_bias",
          "logprobs",
          "max_tokens",
          "min_p",
          "model",
          "n",
          "presence_penalty",
          "prompt",
          "repetition_penalty",
          "seed",
          "service_tier",
          "stop",
          "stream",
          "stream_options",
          "suffix",
          "temperature",
          "top_k",
          "top_p",
          "typical_p",
          "user");

  private CompletionFields() {}

  static CompletionRequest read(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(KNOWN);
    var model = CommonFields.model(body);
    var prompt = TextOrTokens.read(body, "prompt", CommonFields.MAX_CHOICES);
    boolean stream = body.flag("stream");
    boolean includeUsage = CommonFields.includeUsage(body, stream);
    var logprobs = body.integer("logprobs", 0, 5);
    var sampling = CommonFields.sampling(body, logprobs != null, logprobs == null ? 0 : logprobs);
    int bestOf = body.integer("best_of", sampling.n(), 1, CommonFields.MAX_CHOICES);
    if (bestOf < sampling.n()) {
      throw body.invalid("best_of", "must be at least 'n'");
    }
    if (bestOf > sampling.n() && stream) {
      throw body.invalid(
          "best_of", "must equal 'n' in a stream: the best is known only at the end");
    }
    if (bestOf * prompt.size() > CommonFields.MAX_CHOICES) {
      throw body.invalid(
          bestOf > 1 ? "best_of" : "prompt",
          "asks for more than %d completions in one request (prompts times best_of or n)"
              .formatted(CommonFields.MAX_CHOICES));
    }
    int maxTokens = body.integer("max_tokens", DEFAULT_MAX_TOKENS, 0, Integer.MAX_VALUE);
    boolean echo = body.flag("echo");
    CommonFields.checkLabels(body);
    return new CompletionRequest(
        tree,
        model,
        prompt.texts(),
        prompt.tokens(),
        sampling,
        maxTokens,
        echo,
        logprobs,
        bestOf,
        body.text("suffix", Integer.MAX_VALUE),
        stream,
        includeUsage);
  }
}
