package dev.postern.runners.server;

import dev.postern.runners.engine.Device;
import dev.postern.runners.wire.BadRequest;
import dev.postern.runners.wire.CallerHeaders;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
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
import java.util.function.LongSupplier;
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
  private final Opening opening;
  private final Metrics metrics = new Metrics();
  private final Traffic traffic = new Traffic();
  private final CpuOverhead overhead;
  private @Nullable LoadedModels models;
  private @Nullable HttpServer server;
  private @Nullable ExplainRoute explain;
  private Map<String, Route> routes = Map.of();

  /**
   * What the server begins with.
   *
   * @param device that its models run on, as reports name it
   * @param memory of which the bytes of {@code models} have been taken
   * @param watchdog of its own
   */
  record Opening(
      ModelLoader loader,
      Device device,
      MemoryBudget memory,
      List<StartedModel> models,
      Watchdog watchdog,
      InstantSource clock) {}

  /**
   * @param processMicros processor time of the whole process so far
   */
  RunnerServer(RunnerServerConfig config, Opening opening, LongSupplier processMicros) {
    this.config = config;
    this.opening = opening;
    this.overhead = new CpuOverhead(processMicros, this::rowMicros);
  }

  @Override
  public Future<?> start() throws Exception {
    if (config.token() == null && !InetAddress.getByName(config.host()).isLoopbackAddress()) {
      throw new IllegalArgumentException(
          "without a token the runner serves only the loopback address, not " + config.host());
    }
    var known =
        new LoadedModels(
            opening.memory(),
            config.models(),
            opening.clock(),
            new ModelThreads(context, opening.loader()));
    opening.models().forEach(known::enter);
    models = known;
    routes =
        routes(known).stream().collect(Collectors.toUnmodifiableMap(Route::path, route -> route));
    opening.watchdog().watch(context, known::steps, traffic::abort);
    var bodies = new BodyReader(vertx, config);
    server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHandle100ContinueAutomatically(true)
                    .setHttp2ClearTextEnabled(false))
            .requestHandler(request -> serve(request, bodies));
    return server.listen(config.port(), config.host());
  }

  int port() {
    return server == null ? 0 : server.actualPort();
  }

  /**
   * Refuses new requests and waits for the running ones, within the limit. Any thread.
   *
   * @return completes when nothing runs any more or the time is over
   */
  Future<Void> drain() {
    var result = Promise.<Void>promise();
    context.runOnContext(_ -> {
      LOG.info("draining, {} requests in flight", traffic.inFlight());
      traffic.drain().onComplete(_ -> result.tryComplete());
      vertx.setTimer(config.drainTime().toMillis(), _ -> result.tryComplete());
    });
    return result.future();
  }

  @Override
  public Future<?> stop() {
    opening.watchdog().stop();
    if (explain != null) {
      explain.close();
    }
    if (models != null) {
      models.removeAll();
    }
    return server == null
        ? Future.succeededFuture()
        : server.shutdown(FLUSH_SECONDS, TimeUnit.SECONDS);
  }

  private List<Route> routes(LoadedModels known) {
    var adapters = new AdapterNames();
    var generation = new GenerationRoutes(vertx, config, known, adapters, opening.clock());
    explain = new ExplainRoute(vertx, known);
    var control = new ControlRoutes(known, new Warming(context, known), traffic, this::drain);
    var routes = new ArrayList<Route>();
    routes.addAll(generation.routes());
    routes.addAll(new EncoderRoutes(vertx, known).routes());
    routes.add(explain.route());
    routes.addAll(control.routes());
    routes.addAll(new AdapterRoutes(vertx, known, adapters).routes());
    routes.addAll(new ReportRoutes(vertx, opening.device(), known, metrics, traffic).routes());
    return routes;
  }

  private void serve(HttpServerRequest request, BodyReader bodies) {
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
    } else if (!route.readsBody()) {
      answer(route, call, Buffer.buffer());
    } else {
      bodies
          .read(request)
          .onSuccess(body -> answer(route, call, body))
          .onFailure(cause -> {
            if (cause instanceof Refusal refusal) {
              call.fail(refusal.failure());
            }
          });
    }
  }

  private void answer(Route route, ServedCall call, Buffer body) {
    if (route.access() == Route.Access.WORK && traffic.draining()) {
      call.fail(ApiFailure.unavailable(RETRY_WHEN_DRAINING));
      return;
    }
    if (route.access() == Route.Access.WORK) {
      call.works();
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
    var call = new ServedCall(context, request, route, metrics, traffic, overhead);
    traffic.begin(call);
    return call;
  }

  private long rowMicros() {
    return models == null
        ? 0
        : models.serving().stream()
            .filter(LoadedModel.Generative.class::isInstance)
            .map(LoadedModel.Generative.class::cast)
            .mapToLong(model -> model.generator().counters().rowCpuMicros())
            .sum();
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
}
