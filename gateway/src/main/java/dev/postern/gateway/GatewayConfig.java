package dev.postern.gateway;

import java.time.Duration;

/**
 * How the gateway serves.
 *
 * @param host address to listen on
 * @param port 0 picks a free one
 * @param instances event loops that accept connections
 * @param maxInferenceBody bytes of an inference body; larger ones are refused early
 * @param maxJsonBody bytes of any other JSON body
 * @param maxConnections open connections to one instance; more are closed at once
 * @param headTimeout until the first request's head is there
 * @param bodyTimeout until a request's body is there
 * @param idleTimeout between two requests on a connection
 * @param firstByte limit on a runner until its answer begins
 * @param total limit on a runner until its answer ends
 * @param drain how long a graceful stop waits for requests in flight
 */
public record GatewayConfig(
    String host,
    int port,
    int instances,
    int maxInferenceBody,
    int maxJsonBody,
    int maxConnections,
    Duration headTimeout,
    Duration bodyTimeout,
    Duration idleTimeout,
    Duration firstByte,
    Duration total,
    Duration drain) {

  /** The defaults, for the given address. */
  public static GatewayConfig on(String host, int port) {
    return new GatewayConfig(
        host,
        port,
        2,
        32 << 20,
        1 << 20,
        10_000,
        Duration.ofSeconds(15),
        Duration.ofSeconds(60),
        Duration.ofSeconds(75),
        Duration.ofSeconds(120),
        Duration.ofMinutes(10),
        Duration.ofSeconds(30));
  }

  public GatewayConfig withHeadTimeout(Duration changed) {
    return new GatewayConfig(
        host,
        port,
        instances,
        maxInferenceBody,
        maxJsonBody,
        maxConnections,
        changed,
        bodyTimeout,
        idleTimeout,
        firstByte,
        total,
        drain);
  }

  public GatewayConfig withBodyTimeout(Duration changed) {
    return new GatewayConfig(
        host,
        port,
        instances,
        maxInferenceBody,
        maxJsonBody,
        maxConnections,
        headTimeout,
        changed,
        idleTimeout,
        firstByte,
        total,
        drain);
  }

  public GatewayConfig withIdleTimeout(Duration changed) {
    return new GatewayConfig(
        host,
        port,
        instances,
        maxInferenceBody,
        maxJsonBody,
        maxConnections,
        headTimeout,
        bodyTimeout,
        changed,
        firstByte,
        total,
        drain);
  }

  public GatewayConfig withDrain(Duration changed) {
    return new GatewayConfig(
        host,
        port,
        instances,
        maxInferenceBody,
        maxJsonBody,
        maxConnections,
        headTimeout,
        bodyTimeout,
        idleTimeout,
        firstByte,
        total,
        changed);
  }
}
