package dev.postern.gateway.pipeline;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.Routes;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RerankRequest;
import io.vertx.core.Future;

/** Resolves the model's name to a version and the runners that serve it. */
public final class Route {
  private final Routes routes;

  public Route(Routes routes) {
    this.routes = routes;
  }

  public Future<RoutedCall> plan(ParsedCall parsed) {
    return routes
        .resolve(parsed.caller().tenant(), parsed.caller().project(), parsed.request().model())
        .map(plan -> {
          requireRole(parsed.request(), plan);
          requireNoAdapter(parsed.request(), plan);
          requireRoom(parsed.request(), plan.version().contextLength());
          return new RoutedCall(parsed, plan);
        });
  }

  private static void requireRole(InferenceRequest request, RoutePlan plan) {
    var needed =
        switch (request) {
          case ChatRequest _, CompletionRequest _, ExplainRequest _ -> ModelVersion.Role.CHAT;
          case EmbeddingRequest _ -> ModelVersion.Role.EMBEDDING;
          case RerankRequest _ -> ModelVersion.Role.RERANKER;
          case ClassifyRequest _ -> ModelVersion.Role.CLASSIFIER;
        };
    if (plan.version().role() != needed) {
      throw new WireException(
          new WireFailure.WrongModelRole(
              request.model(),
              switch (needed) {
                case CHAT -> "text generation";
                case EMBEDDING -> "embeddings";
                case RERANKER -> "reranking";
                case CLASSIFIER -> "classification";
              }));
    }
  }

  /** The runner explains the weights as they are. */
  private static void requireNoAdapter(InferenceRequest request, RoutePlan plan) {
    if (plan.adapter() != null && request instanceof ExplainRequest) {
      throw new WireException(
          new WireFailure.WrongModelRole(request.model(), "explanations; explain its base"));
    }
  }

  /** A limit beyond the model's context is a mistake; reserving it would only starve others. */
  private static void requireRoom(InferenceRequest request, int contextLength) {
    switch (request) {
      case ChatRequest chat when chat.maxCompletionTokens() != null ->
          requireRoom("max_completion_tokens", chat.maxCompletionTokens(), contextLength);
      case CompletionRequest completion ->
          requireRoom("max_tokens", completion.maxTokens(), contextLength);
      case ChatRequest _,
          EmbeddingRequest _,
          RerankRequest _,
          ClassifyRequest _,
          ExplainRequest _ -> {}
    }
  }

  private static void requireRoom(String param, int requested, int contextLength) {
    if (requested > contextLength) {
      throw new WireException(new WireFailure.CompletionTooLong(param, requested, contextLength));
    }
  }
}
