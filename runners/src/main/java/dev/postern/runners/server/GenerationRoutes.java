package dev.postern.runners.server;

import dev.postern.runners.engine.Generator;
import dev.postern.runners.engine.TokenConstraint;
import dev.postern.runners.server.AdapterNames.Adapted;
import dev.postern.runners.server.AnswerSink.Answering;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.ChatRequest;
import dev.postern.runners.wire.CompletionRequest;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RequestParser;
import dev.postern.runners.wire.Sampling;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Answers chats and completions. */
final class GenerationRoutes {
  /** Parsing and tokenizing more than this would hold up the other callers' tokens. */
  private static final int SMALL = 16 * 1024;

  private final Vertx vertx;
  private final RunnerServerConfig config;
  private final LoadedModels models;
  private final AdapterNames adapters;
  private final InstantSource clock;

  GenerationRoutes(
      Vertx vertx,
      RunnerServerConfig config,
      LoadedModels models,
      AdapterNames adapters,
      InstantSource clock) {
    this.vertx = vertx;
    this.config = config;
    this.models = models;
    this.adapters = adapters;
    this.clock = clock;
  }

  /**
   * A request made ready for the engine.
   *
   * @param samples answers to generate for each prompt, of which {@code n} are sent
   */
  private record Prepared(
      AnswerFormat format,
      List<GenerationRun.Asked> generations,
      List<String> echoes,
      int promptTokens,
      int samples,
      int n,
      boolean stream,
      boolean includeUsage) {

    Prepared adapted(String adapter) {
      return new Prepared(
          format,
          generations.stream().map(asked -> asked.withAdapter(adapter)).toList(),
          echoes,
          promptTokens,
          samples,
          n,
          stream,
          includeUsage);
    }
  }

  List<Route> routes() {
    return List.of(
        Route.work("/v1/chat/completions", this::chat),
        Route.work("/v1/completions", this::completion));
  }

  private void chat(ServedCall call, Buffer body) {
    serve(call, body, RequestParser::chat, GenerationRoutes::prepare);
  }

  private void completion(ServedCall call, Buffer body) {
    serve(call, body, RequestParser::completion, GenerationRoutes::prepare);
  }

  private interface Preparation<R> {
    Prepared prepare(LoadedModel.Generative model, Generator.Caller caller, R request);
  }

  private <R extends InferenceRequest> void serve(
      ServedCall call, Buffer body, Function<Buffer, R> parser, Preparation<R> preparation) {
    boolean small = body.length() <= SMALL;
    work(small, () -> parser.apply(body))
        .compose(request -> {
          var adapted = adapters.find(request.model());
          return models
              .use(
                  adapted == null ? request.model() : adapted.model(),
                  LoadedModel.Generative.class,
                  "text generation")
              .onSuccess(use ->
                  work(
                          small && !request.constrained() && isLoaded(use.model(), adapted),
                          () ->
                              adapt(
                                  use.model(),
                                  adapted,
                                  preparation.prepare(use.model(), call.caller(), request)))
                      .onSuccess(prepared -> generate(call, use, adapted, prepared))
                      .onFailure(cause -> {
                        use.close();
                        call.fail(cause);
                      }));
        })
        .onFailure(call::fail);
  }

  /** Whether the adapter can be applied without waiting for the disk. */
  private static boolean isLoaded(LoadedModel.Generative model, @Nullable Adapted adapted) {
    return adapted == null
        || model
            .generator()
            .adapters()
            .filter(adapters -> adapters.isLoaded(adapted.digest()))
            .isPresent();
  }

  private static Prepared adapt(
      LoadedModel.Generative model, @Nullable Adapted adapted, Prepared prepared) {
    if (adapted == null) {
      return prepared;
    }
    model.generator().prepare(adapted.digest());
    return prepared.adapted(adapted.digest());
  }

  private <T> Future<T> work(boolean small, Callable<T> action) {
    if (!small) {
      return vertx.executeBlocking(action, false);
    }
    try {
      return Future.succeededFuture(action.call());
    } catch (Exception e) {
      return Future.failedFuture(e);
    }
  }

  private void generate(
      ServedCall call,
      LoadedModels.Use<LoadedModel.Generative> use,
      @Nullable Adapted adapted,
      Prepared prepared) {
    if (call.over()) {
      use.close();
      return;
    }
    var model = use.model();
    var writer =
        new AnswerWriter(
            prepared.format(),
            prepared.format().idPrefix() + UUID.randomUUID().toString().replace("-", ""),
            clock.instant().getEpochSecond(),
            adapted == null ? model.name() : adapted.name(),
            adapted == null
                ? model.fingerprint()
                : model.fingerprint() + "_" + OnnxModels.fingerprint(adapted.digest()),
            prepared.includeUsage());
    var answering =
        new Answering(
            call,
            writer,
            prepared.echoes(),
            prepared.promptTokens(),
            prepared.samples(),
            prepared.n());
    int count = prepared.generations().size();
    var sink =
        prepared.stream()
            ? new AnswerSink.Events(answering, new EventOutput(vertx, call, config), count)
            : new AnswerSink.Document(answering, count);
    try {
      var run =
          GenerationRun.start(
              call.context,
              model.generator(),
              prepared.generations(),
              sink,
              account(call, use, prepared.promptTokens()));
      call.onGone(run::cancel);
      call.onAbort(run::fail);
    } catch (RuntimeException e) {
      call.fail(e);
    }
  }

  private static GenerationRun.Account account(
      ServedCall call, LoadedModels.Use<LoadedModel.Generative> use, int promptTokens) {
    return new GenerationRun.Account() {
      @Override
      public long withOverhead(long cpuMicros) {
        return call.overhead().withRows(cpuMicros);
      }

      @Override
      public void token() {
        call.token(use.model().name());
      }

      @Override
      public void ended(GenerationRun.Totals totals) {
        call.used(use.model().name(), promptTokens, totals);
        use.close();
      }
    };
  }

  private static Prepared prepare(
      LoadedModel.Generative model, Generator.Caller caller, ChatRequest request) {
    var prompt = Prompts.chat(model, request);
    var sampling = request.sampling().withStops(model.generator().chatStops());
    requireRoom(model, sampling.n(), "n");
    var generations = new ArrayList<GenerationRun.Asked>();
    var shape = ChatShape.of(model, request, prompt.thinking());
    for (int i = 0; i < sampling.n(); i++) {
      generations.add(
          new GenerationRun.Asked(
              request(caller, prompt, sample(sampling, i), false, shape.constraint(model)),
              shape::parts));
    }
    return new Prepared(
        new ChatFormat(sampling.logprobs()),
        generations,
        List.of(),
        prompt.ids().length,
        sampling.n(),
        sampling.n(),
        request.stream(),
        request.includeUsage());
  }

  private static Prepared prepare(
      LoadedModel.Generative model, Generator.Caller caller, CompletionRequest request) {
    if (request.suffix() != null && !request.suffix().isEmpty()) {
      throw new BadRequest(
          "'suffix' is not supported: this model writes only forwards.",
          "suffix",
          "unsupported_parameter");
    }
    var prompts = Prompts.completion(model, request);
    requireRoom(model, prompts.size() * request.bestOf(), "best_of");
    var asked = request.sampling();
    // The best is told by its log probabilities, also where the caller does not want to see them.
    var sampling = request.bestOf() > asked.n() ? asked.withLogprobs() : asked;
    boolean score = request.echo() && request.logprobs() != null;
    var generations = new ArrayList<GenerationRun.Asked>();
    var echoes = new ArrayList<String>();
    int promptTokens = 0;
    for (var prompt : prompts) {
      promptTokens += prompt.ids().length;
      if (request.echo()) {
        echoes.add(Prompts.text(model, prompt.ids()));
      }
      for (int i = 0; i < request.bestOf(); i++) {
        generations.add(
            new GenerationRun.Asked(
                request(caller, prompt, sample(sampling, i), score, null), () -> null));
      }
    }
    return new Prepared(
        new CompletionFormat(request.logprobs() != null),
        generations,
        echoes,
        promptTokens,
        request.bestOf(),
        asked.n(),
        request.stream(),
        request.includeUsage());
  }

  private static Generator.Request request(
      Generator.Caller caller,
      Prompts.Prompt prompt,
      Sampling sampling,
      boolean scorePrompt,
      @Nullable TokenConstraint constraint) {
    return new Generator.Request(
        prompt.ids(), sampling, prompt.maxTokens(), scorePrompt, caller, constraint, null);
  }

  /** Samples of one seed differ from each other and are the same on every run. */
  private static Sampling sample(Sampling sampling, int index) {
    return sampling.seed() == null ? sampling : sampling.withSeed(sampling.seed() + index);
  }

  private static void requireRoom(LoadedModel.Generative model, int answers, String param) {
    var load = model.generator().load();
    int most = load.maxRows() + load.maxWaiting();
    if (answers > most) {
      throw new BadRequest(
          "The request asks for %d answers; this runner takes at most %d at a time."
              .formatted(answers, most),
          param,
          "invalid_value");
    }
  }
}
