package dev.postern.gateway.http;

import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.pipeline.Authenticate;
import dev.postern.tenancy.Ids;
import io.vertx.core.Vertx;
import java.time.InstantSource;

/** What every {@link Exchange} of one event loop shares. */
record Site(
    Vertx vertx,
    GatewayConfig config,
    InstantSource clock,
    Ids ids,
    Authenticate authenticate,
    Connections connections,
    BodyMemory bodies,
    RequestMetrics metrics,
    AccessLog log) {}
