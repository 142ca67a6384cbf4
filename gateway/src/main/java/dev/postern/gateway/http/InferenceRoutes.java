package dev.postern.gateway.http;

import dev.postern.gateway.pipeline.InferenceCall;
import dev.postern.gateway.pipeline.InferencePipeline;
import dev.postern.gateway.pipeline.StageTimes;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.UsageEvent.Endpoint;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The hot path: inference requests, without the Router's cost. */
final class InferenceRoutes {
  private final Site site;
  private final InferencePipeline pipeline;

  InferenceRoutes(Site site, InferencePipeline pipeline) {
    this.site = site;
    this.pipeline = pipeline;
  }

  /** False when the request is for another route. */
  boolean handle(HttpServerRequest request) {
    var endpoint = endpoint(request.path());
    if (endpoint == null) {
      return false;
    }
    var exchange = Exchange.begin(site, request, request.path());
    if (request.method() != HttpMethod.POST) {
      request.response().putHeader("allow", "POST");
      exchange.fail(
          new WireException(
              new WireFailure.MethodNotAllowed(
                  request.method().name(), request.path(), List.of("POST"))));
      return true;
    }
    request.pause();
    pipeline.run(
        new InferenceCall(
            exchange.id(),
            exchange.requestId(),
            endpoint,
            exchange.credentials(),
            exchange.startedAt(),
            exchange.startNanos(),
            new HttpClientSide(exchange, site.config().maxInferenceBody()),
            new StageTimes()));
    return true;
  }

  private static @Nullable Endpoint endpoint(@Nullable String path) {
    return switch (path) {
      case "/v1/chat/completions" -> Endpoint.CHAT_COMPLETIONS;
      case "/v1/completions" -> Endpoint.COMPLETIONS;
      case "/v1/embeddings" -> Endpoint.EMBEDDINGS;
      case "/v1/rerank" -> Endpoint.RERANK;
      case "/v1/classify" -> Endpoint.CLASSIFY;
      case "/v1/postern/explain" -> Endpoint.EXPLAIN;
      case null, default -> null;
    };
  }
}
