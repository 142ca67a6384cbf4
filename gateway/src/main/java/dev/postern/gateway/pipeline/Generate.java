package dev.postern.gateway.pipeline;

import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.wire.openai.RunnerBody;
import dev.postern.registry.RoutePlan.Candidate;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.wire.CallerHeaders;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.ClassifyRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.EmbeddingRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RerankRequest;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Iterator;

/**
 * Has a runner answer. While nothing has been answered yet, a runner that is down or full is
 * replaced by the next one of the plan.
 */
public final class Generate {
  private static final Duration SOON = Duration.ofSeconds(1);

  private final RunnerPool pool;
  private final AdapterSupply adapters;
  private final Duration firstByte;
  private final Duration total;

  /**
   * @param adapters gives a runner the adapter that it says it does not have
   * @param firstByte limit on a runner until a stream begins
   * @param total limit on a runner until the answer ends
   */
  public Generate(RunnerPool pool, AdapterSupply adapters, Duration firstByte, Duration total) {
    this.pool = pool;
    this.adapters = adapters;
    this.firstByte = firstByte;
    this.total = total;
  }

  /** Completes when a whole answer is here or a stream's first event has come. */
  public Future<Generation> begin(ScreenedCall screened) {
    var candidates = screened.plan().candidates().iterator();
    if (!candidates.hasNext()) {
      return Future.failedFuture(
          new RunnerException(new RunnerFailure.Unavailable(screened.plan().deployment(), SOON)));
    }
    var body =
        RunnerBody.of(
            screened.request(), screened.texts(), tokensForEachChoice(screened.admitted()));
    return tryNext(screened, body, candidates);
  }

  private Future<Generation> tryNext(
      ScreenedCall screened, RunnerBody body, Iterator<Candidate> candidates) {
    var runner = candidates.next();
    return ask(screened, body, runner)
        .recover(cause -> askWithAdapter(screened, body, runner, cause))
        .recover(cause ->
            candidates.hasNext() && anotherMayAnswer(screened, cause)
                ? tryNext(screened, body, candidates)
                : Future.failedFuture(cause));
  }

  private Future<Generation> askWithAdapter(
      ScreenedCall screened, RunnerBody body, Candidate runner, Throwable cause) {
    var adapter = screened.plan().adapter();
    boolean lacked =
        cause instanceof RunnerException refusal
            && refusal.failure() instanceof RunnerFailure.UnknownAdapter;
    return adapter != null && lacked && !screened.call().client().gone().isComplete()
        ? adapters.bring(runner, adapter).compose(brought -> ask(screened, body, runner))
        : Future.failedFuture(cause);
  }

  private Future<Generation> ask(ScreenedCall screened, RunnerBody body, Candidate candidate) {
    var call = screened.call();
    var request =
        new RunnerPool.Call(
            candidate.runner(),
            candidate.baseUri(),
            path(screened.request()),
            call.requestId(),
            caller(screened.admitted()),
            body.forModel(model(screened, candidate)),
            firstByte,
            total);
    if (!screened.request().stream()) {
      return pool.call(request, call.client().gone())
          .map(answer -> new Generation.Document(screened, answer));
    }
    return pool.stream(request)
        .compose(stream -> StartedStream.awaitFirstEvent(stream, call.client().gone()))
        .map(stream -> new Generation.Stream(screened, stream));
  }

  /** To runners a project is a tenant: they share time by it, and computed prompts within it. */
  private static CallerHeaders caller(AdmittedCall admitted) {
    var share = admitted.reservation().share();
    return new CallerHeaders(
        admitted.caller().project().value().toString(),
        share.weight(),
        ServiceTier.of(admitted.request(), share).runnerPriority());
  }

  private static String model(ScreenedCall screened, Candidate candidate) {
    var adapter = screened.plan().adapter();
    return adapter == null ? candidate.model() : AdapterSupply.address(candidate.model(), adapter);
  }

  private static boolean anotherMayAnswer(ScreenedCall screened, Throwable cause) {
    if (screened.call().client().gone().isComplete()
        || !(cause instanceof RunnerException runner)) {
      return false;
    }
    return switch (runner.failure()) {
      case RunnerFailure.Unavailable _,
          RunnerFailure.Overloaded _,
          RunnerFailure.UnknownAdapter _ ->
          true;
      // The client has waited long enough; and what one runner refuses, all refuse.
      case RunnerFailure.TimedOut _, RunnerFailure.Refused _ -> false;
    };
  }

  private static long tokensForEachChoice(AdmittedCall admitted) {
    var granted = admitted.reservation().completionTokens();
    return switch (admitted.request()) {
      case ChatRequest chat -> granted / chat.sampling().n();
      case CompletionRequest completion -> granted / CompletionShape.of(completion).generated();
      case EmbeddingRequest _, RerankRequest _, ClassifyRequest _ -> 0;
      case ExplainRequest _ -> granted;
    };
  }

  private static String path(InferenceRequest request) {
    return switch (request) {
      case ChatRequest _ -> "/v1/chat/completions";
      case CompletionRequest _ -> "/v1/completions";
      case EmbeddingRequest _ -> "/v1/embeddings";
      case RerankRequest _ -> "/v1/rerank";
      case ClassifyRequest _ -> "/v1/classify";
      case ExplainRequest _ -> "/v1/postern/explain";
    };
  }
}
