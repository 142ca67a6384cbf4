package dev.postern.gateway;

import dev.postern.gateway.http.GatewayServer;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.pipeline.Admit;
import dev.postern.gateway.pipeline.AuditExplaining;
import dev.postern.gateway.pipeline.Authenticate;
import dev.postern.gateway.pipeline.Generate;
import dev.postern.gateway.pipeline.InferencePipeline;
import dev.postern.gateway.pipeline.InspectOutput;
import dev.postern.gateway.pipeline.InspectPrompt;
import dev.postern.gateway.pipeline.Meter;
import dev.postern.gateway.pipeline.ReadRequest;
import dev.postern.gateway.pipeline.Route;
import dev.postern.gateway.pipeline.Settle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** The running gateway. */
public final class Gateway {
  private final Vertx vertx;
  private final String deployment;
  private final int port;
  private @Nullable Future<Void> stopped;

  private Gateway(Vertx vertx, String deployment, int port) {
    this.vertx = vertx;
    this.deployment = deployment;
    this.port = port;
  }

  /**
   * Puts the parts together and listens.
   *
   * @param groups routes beside those that the gateway has by itself: inference, models, health,
   *     metrics and the console's files
   */
  public static Future<Gateway> start(
      Vertx vertx, GatewayConfig config, GatewayServices services, List<RouteGroup> groups) {
    var authenticate = new Authenticate(services.keys(), services.sessions());
    var pipeline = pipeline(config, services, authenticate);
    var servers = new CopyOnWriteArrayList<GatewayServer>();
    return vertx
        .deployVerticle(
            () -> {
              var server = new GatewayServer(config, services, authenticate, pipeline, groups);
              servers.add(server);
              return server;
            },
            new DeploymentOptions().setInstances(config.instances()))
        .map(deployment -> new Gateway(vertx, deployment, servers.getFirst().port()));
  }

  private static InferencePipeline pipeline(
      GatewayConfig config, GatewayServices services, Authenticate authenticate) {
    return new InferencePipeline(
        authenticate,
        new ReadRequest(),
        new Route(services.routes()),
        new Admit(services.quotas()),
        new InspectPrompt(services.policies(), services.promptInspector()),
        new AuditExplaining(services.auditLog()),
        new Generate(services.runners(), services.adapters(), config.firstByte(), config.total()),
        new InspectOutput(services.outputInspector()),
        new Meter(),
        new Settle(services.ledger(), services.securityEvents(), services.clock(), services.ids()));
  }

  /** The port that is listened on. */
  public int port() {
    return port;
  }

  /**
   * Stops accepting and waits for requests in flight, no longer than {@link GatewayConfig#drain}.
   * After it the ledger gets no more events: this is the moment to flush and close it. Again is no
   * error.
   */
  public synchronized Future<Void> stop() {
    if (stopped == null) {
      stopped = vertx.undeploy(deployment);
    }
    return stopped;
  }
}
