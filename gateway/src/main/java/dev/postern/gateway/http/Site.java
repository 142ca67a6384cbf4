package dev.postern.gateway.http;

import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.RequestIds;
import dev.postern.gateway.pipeline.Authenticate;
import io.vertx.core.Vertx;
import java.time.InstantSource;

/** What every {@link Exchange} of one event loop shares. */
record Site(
    Vertx vertx,
    GatewayConfig config,
    InstantSource clock,
    RequestIds ids,
    Authenticate authenticate,
    Connections connections,
    RequestMetrics metrics,
    AccessLog log) {}
