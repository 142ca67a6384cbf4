package dev.postern.runners.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads a chat completion body. */
final class ChatFields {
  private static final Set<String> KNOWN =
      Set.of(
          "audio",
          "chat_template_kwargs",
          "frequency_penalty",
          "function_call",
          "functions",
          "logit_bias",
          "logprobs",
          "max_completion_tokens",
          "max_tokens",
          "messages",
          "metadata",
          "modalities",
          "min_p",
          "model",
          "moderation",
          "n",
          "parallel_tool_calls",
          "prediction",
          "presence_penalty",
          "prompt_cache_key",
          "prompt_cache_options",
          "prompt_cache_retention",
          "reasoning_effort",
          "response_format",
          "safety_identifier",
          "repetition_penalty",
          "seed",
          "service_tier",
          "stop",
          "store",
          "stream",
          "stream_options",
          "temperature",
          "tool_choice",
          "tools",
          "top_logprobs",
          "top_k",
          "top_p",
          "typical_p",
          "user",
          "verbosity",
          "web_search_options");

  private ChatFields() {}

  static ChatRequest read(ObjectNode tree) {
    var body = new Fields(tree, "");
    body.allowOnly(KNOWN);
    var model = CommonFields.model(body);
    var messages = MessageFields.read(body);
    boolean stream = body.flag("stream");
    boolean includeUsage = CommonFields.includeUsage(body, stream);
    boolean logprobs = body.flag("logprobs");
    int topLogprobs = body.integer("top_logprobs", 0, 0, 20);
    if (topLogprobs > 0 && !logprobs) {
      throw body.invalid("top_logprobs", "is only allowed together with 'logprobs': true");
    }
    var sampling = CommonFields.sampling(body, logprobs, topLogprobs);
    var maxTokens = maxTokens(body);
    CommonFields.checkLabels(body);
    refuseWhatNoRunnerDoes(body);
    return new ChatRequest(
        tree,
        model,
        messages,
        sampling,
        maxTokens,
        stream,
        includeUsage,
        ToolFields.tools(body),
        ToolFields.responseFormat(body),
        thinking(body));
  }

  private static @Nullable Integer maxTokens(Fields body) {
    var now = body.integer("max_completion_tokens", 1, Integer.MAX_VALUE);
    var old = body.integer("max_tokens", 1, Integer.MAX_VALUE);
    if (now != null && old != null && !now.equals(old)) {
      throw body.invalid("max_tokens", "contradicts 'max_completion_tokens'; give only the latter");
    }
    return now != null ? now : old;
  }

  /**
   * Of the efforts only none and minimal mean something to models that think or do not. Some
   * clients say it in {@code chat_template_kwargs} instead.
   */
  private static @Nullable Boolean thinking(Fields body) {
    var more = body.object("chat_template_kwargs");
    if (more != null) {
      more.allowOnly(Set.of("enable_thinking"));
      if (more.has("enable_thinking")) {
        return more.flag("enable_thinking");
      }
    }
    var effort = body.text("reasoning_effort", 64);
    return effort == null ? null : !Set.of("none", "minimal").contains(effort);
  }

  private static void refuseWhatNoRunnerDoes(Fields body) {
    if (body.has("audio")) {
      throw body.unsupported("audio", "the models served here answer with text");
    }
    var modalities = body.array("modalities");
    if (modalities != null) {
      Fields.each(modalities, "modalities", item -> Fields.text(item.value(), item.path())).stream()
          .filter(modality -> !modality.equals("text"))
          .findAny()
          .ifPresent(_ -> {
            throw body.unsupported("modalities", "the models served here answer with text");
          });
    }
  }
}
