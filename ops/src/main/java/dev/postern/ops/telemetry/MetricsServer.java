package dev.postern.ops.telemetry;

import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerRequest;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Serves {@code /metrics} on a port of the loopback address, where no key is needed. */
public final class MetricsServer implements AutoCloseable {
  private static final long LIMIT_SECONDS = 10;

  private final HttpServer server;

  private MetricsServer(HttpServer server) {
    this.server = server;
  }

  public static MetricsServer start(Vertx vertx, int port, PrometheusMeterRegistry metrics)
      throws TimeoutException {
    var server = vertx.createHttpServer().requestHandler(request -> answer(request, metrics));
    server.listen(port, "127.0.0.1").await(LIMIT_SECONDS, TimeUnit.SECONDS);
    return new MetricsServer(server);
  }

  private static void answer(HttpServerRequest request, PrometheusMeterRegistry metrics) {
    if (!"/metrics".equals(request.path())) {
      request.response().setStatusCode(404).end();
      return;
    }
    request
        .response()
        .putHeader("content-type", "text/plain; version=0.0.4; charset=utf-8")
        .end(metrics.scrape());
  }

  @Override
  public void close() throws TimeoutException {
    server.close().await(LIMIT_SECONDS, TimeUnit.SECONDS);
  }
}
