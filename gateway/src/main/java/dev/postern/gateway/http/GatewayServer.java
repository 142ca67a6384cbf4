package dev.postern.gateway.http;

import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.GatewayServices;
import dev.postern.gateway.pipeline.Authenticate;
import dev.postern.gateway.pipeline.InferencePipeline;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One event loop's HTTP server. Inference requests go straight to {@link InferenceRoutes}; all
 * others go through a Router that the {@link RouteGroup}s fill.
 */
public final class GatewayServer extends VerticleBase {
  private static final int MAX_HEAD_BYTES = 32 << 10;
  private static final int MAX_REQUEST_LINE = 8 << 10;

  /** Vert.x gives all event loops that listen on this the same free port. */
  private static final int ANY_PORT_FOR_ALL = -1;

  private final GatewayConfig config;
  private final GatewayServices services;
  private final Authenticate authenticate;
  private final InferencePipeline pipeline;
  private final List<RouteGroup> groups;
  private @Nullable HttpServer server;

  public GatewayServer(
      GatewayConfig config,
      GatewayServices services,
      Authenticate authenticate,
      InferencePipeline pipeline,
      List<RouteGroup> groups) {
    this.config = config;
    this.services = services;
    this.authenticate = authenticate;
    this.pipeline = pipeline;
    this.groups = List.copyOf(groups);
  }

  @Override
  public Future<?> start() {
    var connections = new Connections(config);
    connections.watch(vertx);
    var site =
        new Site(
            vertx,
            config,
            services.clock(),
            services.ids(),
            authenticate,
            connections,
            BodyMemory.ofHeap(config.instances(), config.maxInferenceBody()),
            new RequestMetrics(services.metrics()),
            new AccessLog());
    var inference = new InferenceRoutes(site, pipeline);
    var router = router(site);
    var listening =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(config.host())
                    .setPort(config.port() == 0 ? ANY_PORT_FOR_ALL : config.port())
                    .setMaxHeaderSize(MAX_HEAD_BYTES)
                    .setMaxInitialLineLength(MAX_REQUEST_LINE)
                    .setHttp2ClearTextEnabled(false)
                    .setTcpNoDelay(true))
            .connectionHandler(connections::opened)
            .invalidRequestHandler(request -> refuseMalformed(site, request))
            .requestHandler(request -> {
              connections.busy(request.connection());
              if (!inference.handle(request)) {
                router.handle(request);
              }
            });
    server = listening;
    return listening.listen();
  }

  /** The port that is really listened on. */
  public int port() {
    return server == null ? config.port() : server.actualPort();
  }

  /** Stops accepting, then waits for requests in flight. */
  @Override
  public Future<?> stop() {
    return server == null
        ? Future.succeededFuture()
        : server.shutdown(config.drain().toMillis(), TimeUnit.MILLISECONDS);
  }

  private Router router(Site site) {
    var router = Router.router(vertx);
    router
        .route()
        .handler(ctx -> {
          Exchange.begin(site, ctx);
          ctx.next();
        });
    new ServiceRoutes(services.ready(), services.metrics()).register(router);
    new ModelRoutes(services.routes()).register(router);
    new LaterRoutes().register(router);
    groups.forEach(group -> group.register(router));
    // Last: it takes every path that is not an API's.
    new ConsoleFiles().register(router);
    var methods = AllowedMethods.of(router);
    router.errorHandler(404, ctx -> Api.fail(ctx, unknownRoute(ctx)));
    router.errorHandler(405, ctx -> Api.fail(ctx, methodNotAllowed(ctx, methods)));
    router.errorHandler(400, ctx -> Api.fail(ctx, malformed(400, "The request is malformed.")));
    router.errorHandler(500, ctx -> Api.fail(ctx, ctx.failure()));
    return router;
  }

  private static WireException unknownRoute(RoutingContext ctx) {
    return new WireException(
        new WireFailure.UnknownRoute(ctx.request().method().name(), ctx.request().path()));
  }

  private static WireException methodNotAllowed(RoutingContext ctx, AllowedMethods methods) {
    var allowed = methods.at(ctx.normalizedPath());
    ctx.response().putHeader("allow", String.join(", ", allowed));
    return new WireException(
        new WireFailure.MethodNotAllowed(
            ctx.request().method().name(), ctx.request().path(), allowed));
  }

  /** The codec could not read the request; what it could not read is not looked at further. */
  private static void refuseMalformed(Site site, HttpServerRequest request) {
    var cause = request.decoderResult().cause();
    var exchange = Exchange.begin(site, request, "(malformed)");
    exchange.failMalformed(
        switch (cause) {
          case TooLongHttpLineException _ -> malformed(414, "The request line is too long.");
          case TooLongHttpHeaderException _ -> malformed(431, "The headers are too large.");
          default -> malformed(400, "The request is not well-formed HTTP/1.1.");
        });
  }

  private static WireException malformed(int status, String reason) {
    return new WireException(new WireFailure.MalformedHttp(status, reason));
  }
}
