package dev.postern.gateway.pipeline;

import dev.postern.gateway.wire.openai.ChatTexts;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RerankRequest;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The texts of a prompt, in the order in which guardrails see and replace them. */
final class PromptTexts {
  private PromptTexts() {}

  /** Empty for prompts given as token ids: only the runner can read those. */
  static List<String> of(InferenceRequest request) {
    return switch (request) {
      case ChatRequest chat ->
          Stream.concat(
                  chat.messages().stream().map(ChatRequest.Message::content),
                  ChatTexts.of(chat.body()).stream())
              .toList();
      case CompletionRequest completion -> completion.prompts();
      case EmbeddingRequest embedding -> embedding.inputs();
      case RerankRequest rerank ->
          Stream.concat(Stream.of(rerank.query()), rerank.documents().stream()).toList();
      case ClassifyRequest classify -> classify.inputs();
      case ExplainRequest explain ->
          Stream.concat(
                  explain.messages().stream().map(ChatRequest.Message::content),
                  Stream.of(explain.prompt(), explain.answer(), explain.text())
                      .filter(Objects::nonNull))
              .toList();
    };
  }
}
