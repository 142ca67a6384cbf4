package dev.postern.runners.server;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The OpenAI-compatible server of one runner. One event loop owns all of its state; the engine and
 * the embedder have threads of their own.
 */
final class RunnerServer extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(RunnerServer.class);
  private static final Duration RETRY_WHEN_DRAINING = Duration.ofSeconds(2);
  private static final long FLUSH_SECONDS = 2;
  private static final Set<String> OPEN_PATHS = Set.of("/health", "/ready");

  private final RunnerServerConfig config;
  private final List<LoadedModel> initial;
  private final LoadedModels models;
  private final Metrics metrics = new Metrics();
  private final BodyReader bodies;
  private final GenerationRoutes generation;
  private final EmbeddingRoute embedding;
  private final ControlRoutes control;
  private @Nullable HttpServer server;
  private int inFlight;
  private boolean draining;
  private @Nullable Promise<Void> drained;

  /**
   * @param vertx where it will be deployed
   * @param initial models to serve from the start
   */
  RunnerServer(
      Vertx vertx,
      RunnerServerConfig config,
      ModelLoader loader,
      List<LoadedModel> initial,
      InstantSource clock) {
    this.config = config;
    this.initial = initial;
    models = new LoadedModels(model -> vertx.executeBlocking(() -> closed(model)));
    bodies = new BodyReader(vertx, config);
    generation = new GenerationRoutes(vertx, config, models, clock);
    embedding = new EmbeddingRoute(vertx, models);
    control = new ControlRoutes(vertx, models, loader);
  }

  @Override
  public Future<?> start() throws Exception {
    if (config.token() == null && !InetAddress.getByName(config.host()).isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "without a token the runner serves only the loopback address, not " + config.host());
    }
    initial.forEach(models::put);
    server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHandle100ContinueAutomatically(true)
                    .setHttp2ClearTextEnabled(false))
            .requestHandler(this::route);
    return server.listen(config.port(), config.host());
  }

  int port() {
    return server == null ? 0 : server.actualPort();
  }

  /** Serves a model from now on, in the place of one of the same name. Any thread. */
  Future<Void> replace(LoadedModel model) {
    var replaced = Promise.<Void>promise();
    context.runOnContext(_ -> {
      models.put(model);
      replaced.complete();
    });
    return replaced.future();
  }

  /**
   * Refuses new requests and waits for the running ones, within the limit. Any thread.
   *
   * @return completes when nothing runs any more or the time is over
   */
  Future<Void> drain() {
    var result = Promise.<Void>promise();
    context.runOnContext(_ -> {
      draining = true;
      LOG.info("draining, {} requests in flight", inFlight);
      if (drained == null) {
        drained = Promise.promise();
      }
      drained.future().onComplete(_ -> result.tryComplete());
      vertx.setTimer(config.drainTime().toMillis(), _ -> result.tryComplete());
      completeIfDrained();
    });
    return result.future();
  }

  @Override
  public Future<?> stop() {
    models.removeAll();
    return server == null
        ? Future.succeededFuture()
        : server.shutdown(FLUSH_SECONDS, TimeUnit.SECONDS);
  }

  private void route(HttpServerRequest request) {
    var path = request.path() == null ? "" : request.path();
    switch (path) {
      case "/health" -> get(request, path, call -> call.json(status("ok")));
      case "/ready" -> get(request, path, this::ready);
      case "/metrics" -> get(request, path, this::metrics);
      case "/v1/models" -> get(request, path, this::list);
      case "/v1/chat/completions" -> infer(request, path, generation::chat);
      case "/v1/completions" -> infer(request, path, generation::completion);
      case "/v1/embeddings" -> infer(request, path, embedding::embed);
      case "/control/load" -> post(request, path, control::load);
      case "/control/unload" -> post(request, path, control::unload);
      case "/control/drain" -> post(request, path, this::drain);
      default -> begin(request, "other").fail(ApiFailure.notFound());
    }
  }

  private ServedCall begin(HttpServerRequest request, String route) {
    inFlight++;
    return new ServedCall(
        context,
        request,
        route,
        metrics,
        () -> {
          inFlight--;
          completeIfDrained();
        });
  }

  private void completeIfDrained() {
    if (draining && inFlight == 0 && drained != null) {
      drained.tryComplete();
    }
  }

  private interface Answer {
    void to(ServedCall call);
  }

  private void get(HttpServerRequest request, String path, Answer answer) {
    var call = begin(request, path);
    if (!request.method().equals(HttpMethod.GET)) {
      call.fail(ApiFailure.wrongMethod("GET"));
    } else if (!OPEN_PATHS.contains(path) && !authorized(request)) {
      call.fail(ApiFailure.unauthorized());
    } else {
      answer.to(call);
    }
  }

  private void infer(
      HttpServerRequest request, String path, BiConsumer<ServedCall, Buffer> handler) {
    post(
        request,
        path,
        (call, body) -> {
          if (draining) {
            call.fail(ApiFailure.unavailable(RETRY_WHEN_DRAINING));
          } else {
            handler.accept(call, body);
          }
        });
  }

  private void post(
      HttpServerRequest request, String path, BiConsumer<ServedCall, Buffer> handler) {
    var call = begin(request, path);
    if (!request.method().equals(HttpMethod.POST)) {
      call.fail(ApiFailure.wrongMethod("POST"));
    } else if (!authorized(request)) {
      call.fail(ApiFailure.unauthorized());
    } else {
      bodies
          .read(request)
          .onSuccess(body -> handler.accept(call, body))
          .onFailure(cause -> {
            if (cause instanceof BodyReader.Unwelcome unwelcome) {
              call.fail(unwelcome.failure());
            }
          });
    }
  }

  private boolean authorized(HttpServerRequest request) {
    if (config.token() == null) {
      return true;
    }
    var header = request.getHeader("authorization");
    return header != null
        && MessageDigest.isEqual(
            header.getBytes(StandardCharsets.UTF_8),
            ("Bearer " + config.token()).getBytes(StandardCharsets.UTF_8));
  }

  private void ready(ServedCall call) {
    if (draining) {
      call.fail(ApiFailure.unavailable(RETRY_WHEN_DRAINING));
    } else if (models.all().isEmpty()) {
      call.fail(
          new ApiFailure(
              503, "server_error", null, null, "No model is loaded.", RETRY_WHEN_DRAINING));
    } else {
      call.json(status("ready"));
    }
  }

  private void metrics(ServedCall call) {
    call.response()
        .putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8")
        .end(metrics.text(models.all(), inFlight - 1));
  }

  private void list(ServedCall call) {
    call.json(
        Json.object(json -> {
          json.writeStringField("object", "list");
          json.writeArrayFieldStart("data");
          for (var model : models.all()) {
            json.writeStartObject();
            json.writeStringField("id", model.name());
            json.writeStringField("object", "model");
            json.writeNumberField("created", 0);
            json.writeStringField("owned_by", "postern");
            json.writeEndObject();
          }
          json.writeEndArray();
        }));
  }

  private void drain(ServedCall call, Buffer body) {
    int others = inFlight - 1;
    drain();
    call.json(
        Json.object(json -> {
          json.writeBooleanField("draining", true);
          json.writeNumberField("in_flight", others);
        }));
  }

  private static LoadedModel closed(LoadedModel model) {
    model.close();
    return model;
  }

  private static Buffer status(String word) {
    return Json.object(json -> json.writeStringField("status", word));
  }
}
