package dev.postern.gateway.http;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.Principal;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import java.util.function.BooleanSupplier;

/** Health, readiness and metrics. */
final class ServiceRoutes implements RouteGroup {
  private static final Buffer OK = Buffer.buffer("{\"status\":\"ok\"}");

  private final BooleanSupplier ready;
  private final PrometheusMeterRegistry metrics;

  ServiceRoutes(BooleanSupplier ready, PrometheusMeterRegistry metrics) {
    this.ready = ready;
    this.metrics = metrics;
  }

  @Override
  public void register(Router router) {
    router
        .get("/healthz")
        .handler(ctx -> Exchange.of(ctx).send(200, Exchange.APPLICATION_JSON, OK));
    router
        .get("/readyz")
        .handler(ctx -> {
          if (ready.getAsBoolean()) {
            Exchange.of(ctx).send(200, Exchange.APPLICATION_JSON, OK);
          } else {
            Api.fail(ctx, new WireException(new WireFailure.NotReady()));
          }
        });
    router
        .get("/metrics")
        .handler(Api.allow(Principal.Kind.ADMIN_KEY))
        .handler(ctx ->
            Exchange.of(ctx)
                .send(
                    200,
                    "text/plain; version=0.0.4; charset=utf-8",
                    Buffer.buffer(metrics.scrape())));
  }
}
