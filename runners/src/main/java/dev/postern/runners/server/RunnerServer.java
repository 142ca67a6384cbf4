package dev.postern.runners.server;

import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.CallerHeaders;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
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

  private final RunnerServerConfig config;
  private final List<LoadedModel> initial;
  private final LoadedModels models;
  private final Metrics metrics = new Metrics();
  private final BodyReader bodies;
  private final GenerationRoutes generation;
  private final EncoderRoutes encoders;
  private final ControlRoutes control;
  private final Map<String, Route> routes;
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
    encoders = new EncoderRoutes(vertx, models);
    control = new ControlRoutes(vertx, models, loader);
    routes = routes().stream().collect(Collectors.toUnmodifiableMap(Route::path, route -> route));
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
            .requestHandler(this::serve);
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

  private List<Route> routes() {
    var routes = new ArrayList<Route>();
    routes.add(Route.open("/health", call -> call.json(status("ok"))));
    routes.add(Route.open("/ready", this::ready));
    routes.add(Route.get("/metrics", this::metrics));
    routes.add(Route.get("/v1/models", this::list));
    routes.add(Route.post("/control/drain", this::drain));
    routes.addAll(generation.routes());
    routes.addAll(encoders.routes());
    routes.addAll(control.routes());
    return routes;
  }

  private void serve(HttpServerRequest request) {
    var route = routes.get(request.path() == null ? "" : request.path());
    if (route == null) {
      begin(request, "other").fail(ApiFailure.notFound());
      return;
    }
    var call = begin(request, route.path());
    if (!request.method().equals(route.method())) {
      call.fail(ApiFailure.wrongMethod(route.method().name()));
    } else if (route.access() != Route.Access.OPEN && !authorized(request)) {
      call.fail(ApiFailure.unauthorized());
    } else if (route.method().equals(HttpMethod.GET)) {
      route.answer().accept(call, Buffer.buffer());
    } else {
      bodies
          .read(request)
          .onSuccess(body -> answer(route, call, body))
          .onFailure(cause -> {
            if (cause instanceof BodyReader.Unwelcome unwelcome) {
              call.fail(unwelcome.failure());
            }
          });
    }
  }

  private void answer(Route route, ServedCall call, Buffer body) {
    if (route.access() == Route.Access.WORK && draining) {
      call.fail(ApiFailure.unavailable(RETRY_WHEN_DRAINING));
      return;
    }
    try {
      // Without a token anybody could give any tenant's name.
      if (config.token() != null) {
        call.caller(CallerHeaders.read(call.request::getHeader));
      }
      route.answer().accept(call, body);
    } catch (BadRequest e) {
      call.fail(e);
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
