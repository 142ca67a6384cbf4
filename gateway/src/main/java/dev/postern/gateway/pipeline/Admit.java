package dev.postern.gateway.pipeline;

import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RerankRequest;
import dev.postern.tenancy.Quotas;
import io.vertx.core.Future;
import java.util.List;

/**
 * Reserves what the call may use at most, before it uses anything. What it did not use comes back
 * when it is settled with the true numbers.
 */
public final class Admit {
  /**
   * The gateway has no tokenizer, so a prompt is estimated: a token for every three bytes of UTF-8,
   * which is more than common vocabularies need for any but the oddest text.
   */
  static final int BYTES_PER_TOKEN = 3;

  /** The turn markers and the role that a chat template writes around each message. */
  static final int TOKENS_PER_MESSAGE = 5;

  /** The least that an answer without a stated limit is worth starting for, for each choice. */
  static final int SHORTEST_ANSWER = 16;

  /** A text, its continuation and 31 variants of its second half. */
  private static final int TEXT_READINGS = 18;

  /** Up to 64 parts, each of which leaves half of the prompt to be read again on average. */
  private static final int PART_READINGS = 32;

  private static final long MOST_REREAD = 12_288;

  private final Quotas quotas;

  public Admit(Quotas quotas) {
    this.quotas = quotas;
  }

  public Future<AdmittedCall> reserve(RoutedCall routed) {
    var demand = demand(routed);
    return quotas
        .reserve(demand)
        .map(reservation -> {
          routed.call().client().admitted(reservation.status());
          return new AdmittedCall(routed, demand, reservation);
        });
  }

  private static Quotas.Demand demand(RoutedCall routed) {
    var request = routed.request();
    var contextLength = routed.plan().version().contextLength();
    long least;
    long most;
    switch (request) {
      case ChatRequest chat -> {
        var choices = chat.sampling().n();
        var limit = chat.maxCompletionTokens();
        most = (long) choices * (limit == null ? contextLength : limit);
        least = limit == null ? (long) choices * Math.min(SHORTEST_ANSWER, contextLength) : most;
      }
      case CompletionRequest completion -> {
        most = CompletionShape.of(completion).generated() * (long) completion.maxTokens();
        least = most;
      }
      case EmbeddingRequest _, RerankRequest _, ClassifyRequest _ -> {
        most = 0;
        least = 0;
      }
      case ExplainRequest explain -> {
        most = explain.text() == null && explain.answer() == null ? explain.maxTokens() : 0;
        least = Math.min(most, 1);
      }
    }
    return new Quotas.Demand(
        routed.call().id(),
        routed.caller().principal(),
        routed.caller().project(),
        routed.plan().deployment(),
        promptTokens(request),
        least,
        most);
  }

  static long promptTokens(InferenceRequest request) {
    return switch (request) {
      case ChatRequest chat ->
          estimate(PromptTexts.of(chat)) + (long) TOKENS_PER_MESSAGE * (chat.messages().size() + 1);
      case CompletionRequest completion ->
          estimate(completion.prompts()) + count(completion.tokenPrompts());
      case EmbeddingRequest embedding ->
          estimate(embedding.inputs()) + count(embedding.tokenInputs());
      // The query is read again with every document.
      case RerankRequest rerank ->
          estimate(rerank.documents())
              + rerank.documents().size() * estimate(List.of(rerank.query()));
      case ClassifyRequest classify -> estimate(classify.inputs());
      case ExplainRequest explain -> explained(explain);
    };
  }

  /** The model reads the prompt once for each part of it, or a text once for each variant. */
  private static long explained(ExplainRequest explain) {
    long once =
        estimate(PromptTexts.of(explain))
            + (long) TOKENS_PER_MESSAGE * (explain.messages().size() + 1);
    if (explain.text() != null) {
      return once * TEXT_READINGS;
    }
    return explain.attribution() ? once + Math.min(MOST_REREAD, once * PART_READINGS) : once;
  }

  private static long estimate(List<String> texts) {
    return texts.stream().mapToLong(text -> 1 + utf8Length(text) / BYTES_PER_TOKEN).sum();
  }

  private static long count(List<int[]> tokens) {
    return tokens.stream().mapToLong(ids -> ids.length).sum();
  }

  private static long utf8Length(String text) {
    var bytes = 0L;
    for (var i = 0; i < text.length(); i++) {
      var c = text.charAt(i);
      // Each half of a surrogate pair stands for two of the four bytes.
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }
}
