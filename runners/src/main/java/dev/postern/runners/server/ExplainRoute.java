package dev.postern.runners.server;

import dev.postern.runners.explain.Explainer;
import dev.postern.runners.explain.Memorisation;
import dev.postern.runners.explain.Niceness;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.runners.wire.RequestParser;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;
import java.util.function.LongFunction;

/**
 * Answers why a model answers so. One explanation at a time, on a thread that stands back behind
 * others: who comes while one runs, or while requests wait for the engine, is sent away for a
 * moment.
 */
final class ExplainRoute {
  private static final Duration SOON = Duration.ofSeconds(3);

  /** States that lie in memory at the same time. */
  private static final int STATES = 3;

  private final Vertx vertx;
  private final LoadedModels models;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(work ->
          Thread.ofPlatform()
              .daemon()
              .name("explain")
              .unstarted(() -> {
                Niceness.lower();
                work.run();
              }));
  private final AtomicBoolean stopped = new AtomicBoolean();
  private boolean busy;

  ExplainRoute(Vertx vertx, LoadedModels models) {
    this.vertx = vertx;
    this.models = models;
  }

  Route route() {
    return Route.work("/v1/postern/explain", this::explain);
  }

  /** Ends what runs within a step. */
  void close() {
    stopped.set(true);
    thread.shutdown();
  }

  private void explain(ServedCall call, Buffer body) {
    vertx
        .executeBlocking(() -> RequestParser.explain(body), false)
        .compose(request ->
            models
                .use(request.model(), LoadedModel.Generative.class, "text generation")
                .onSuccess(use ->
                    start(call, request, use.model())
                        .onFailure(call::fail)
                        .onComplete(_ -> use.close())))
        .onFailure(call::fail);
  }

  private Future<Void> start(
      ServedCall call, ExplainRequest request, LoadedModel.Generative model) {
    Path folder = model.generator().modelFolder().orElse(null);
    if (folder == null) {
      call.fail(ApiFailure.wrongRole(model.name(), "explanations"));
      return Future.succeededFuture();
    }
    if (busy || model.generator().load().waiting() > 0) {
      call.fail(ApiFailure.overloaded(SOON));
      return Future.succeededFuture();
    }
    long bytes = models.facts(model.name()).map(ExplainRoute::bytes).orElse(0L);
    var memory = models.memory().share();
    if (!memory.take(bytes)) {
      call.fail(ApiFailure.noRoom(model.name()));
      return Future.succeededFuture();
    }
    busy = true;
    var gone = new AtomicBoolean();
    call.onGone(() -> gone.set(true));
    var done = new CompletableFuture<Answered>();
    thread.execute(() -> {
      try {
        done.complete(work(folder, request, model, () -> gone.get() || stopped.get()));
      } catch (Exception | Error e) {
        done.completeExceptionally(e);
      }
    });
    return Future.fromCompletionStage(done, call.context)
        .onComplete(_ -> {
          busy = false;
          memory.give(bytes);
        })
        .compose(answered -> {
          long cpuMicros = call.overhead().without(answered.cpuMicros);
          call.used(
              model.name(),
              answered.read,
              new GenerationRun.Totals(answered.written, 0, cpuMicros, 0, 0));
          return vertx.executeBlocking(() -> answered.body.apply(cpuMicros), false);
        })
        .onSuccess(call::json)
        .recover(cause ->
            cause instanceof CancellationException
                ? Future.succeededFuture()
                : Future.failedFuture(cause))
        .mapEmpty();
  }

  /**
   * What a model takes that is opened a second time. Weights and working space are as the first
   * time; a state that is continued lies beside its continuation and the prefix that both share.
   */
  private static long bytes(ModelFacts facts) {
    var footprint = facts.footprint();
    long token = footprint.leastCacheBytes() / facts.contextLength();
    long longest = Math.min(facts.contextLength(), Explainer.MAX_PROMPT + Explainer.MAX_ANSWER);
    return footprint.fixedBytes() + STATES * longest * token;
  }

  /**
   * @param body given the processor time that it is to tell
   * @param read tokens that the model has read
   * @param written tokens that it has generated
   */
  private record Answered(LongFunction<Buffer> body, int read, int written, long cpuMicros) {}

  private static Answered work(
      Path folder, ExplainRequest request, LoadedModel.Generative model, BooleanSupplier cancelled)
      throws Exception {
    var threads = ManagementFactory.getThreadMXBean();
    long began = threads.getCurrentThreadCpuTime();
    var tokenizer = model.generator().tokenizer();
    if (request.text() != null) {
      int[] text = tokenizer.encode(request.text(), true);
      requireLength(text, 2, Memorisation.MAX_TEXT, model, "text");
      int prefix = request.prefixTokens() == null ? text.length / 2 : request.prefixTokens();
      if (prefix >= text.length) {
        throw new BadRequest(
            "'prefix_tokens' must be less than the text's %d tokens.".formatted(text.length),
            "prefix_tokens",
            "invalid_value");
      }
      try (var explainer = Explainer.open(folder, tokenizer, cancelled)) {
        var found = explainer.probe(text, prefix);
        long micros = (threads.getCurrentThreadCpuTime() - began) / 1000;
        return new Answered(
            told -> ExplainJson.probe(model, tokenizer, found, told), found.read(), 0, micros);
      }
    }
    var question = question(request, model);
    try (var explainer = Explainer.open(folder, tokenizer, cancelled)) {
      var found = explainer.explain(question);
      long micros = (threads.getCurrentThreadCpuTime() - began) / 1000;
      int written = found.generated() ? found.answer().length : 0;
      return new Answered(
          told -> ExplainJson.explanation(model, tokenizer, found, told),
          found.read(),
          written,
          micros);
    }
  }

  private static Explainer.Question question(ExplainRequest request, LoadedModel.Generative model) {
    var tokenizer = model.generator().tokenizer();
    int[] prompt =
        request.prompt() == null
            ? ChatPrompt.encode(model, ChatTurns.of(request.messages())).ids()
            : tokenizer.encode(request.prompt(), true);
    requireLength(
        prompt, 1, Explainer.MAX_PROMPT, model, request.prompt() == null ? "messages" : "prompt");
    int[] answer =
        request.answer() == null ? new int[0] : tokenizer.encode(request.answer(), false);
    if (request.answer() != null) {
      requireLength(answer, 1, Explainer.MAX_ANSWER, model, "answer");
    }
    int room = model.generator().contextLength() - prompt.length;
    if (answer.length > room) {
      throw new BadRequest(
          "This model's context has no room for the answer.", "answer", "context_length_exceeded");
    }
    return new Explainer.Question(
        prompt,
        answer,
        Math.min(request.maxTokens(), room),
        request.top(),
        request.attribution(),
        request.layers());
  }

  private static void requireLength(
      int[] tokens, int least, int most, LoadedModel.Generative model, String param) {
    int limit = Math.min(most, model.generator().contextLength() - 1);
    if (tokens.length < least || tokens.length > limit) {
      throw new BadRequest(
          "'%s' has %d tokens; explanations take %d to %d."
              .formatted(param, tokens.length, least, limit),
          param,
          tokens.length > limit ? "context_length_exceeded" : "invalid_value");
    }
  }
}
