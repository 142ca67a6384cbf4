package dev.postern.gateway.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.registry.Deployment;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.registry.Routes;
import dev.postern.tenancy.Principal;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** {@code /v1/models}: the deployments that the caller's organisation may name in a request. */
final class ModelRoutes implements RouteGroup {
  private static final String PREFIX = "/v1/models/";

  private final Routes routes;

  ModelRoutes(Routes routes) {
    this.routes = routes;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/models")
        .handler(Api.allow(Principal.Kind.PROJECT_KEY, Principal.Kind.SESSION))
        .handler(ctx -> Api.respond(ctx, deployments(ctx).map(ModelRoutes::list)));
    // Model names may hold slashes and colons, percent-encoded or not.
    router
        .get(PREFIX + "*")
        .handler(Api.allow(Principal.Kind.PROJECT_KEY, Principal.Kind.SESSION))
        .handler(ctx -> Api.respond(ctx, deployments(ctx).map(all -> find(all, name(ctx)))));
  }

  private Future<List<Deployment>> deployments(RoutingContext ctx) {
    return routes.deployments(Api.principal(ctx).tenant());
  }

  private static String name(RoutingContext ctx) {
    // A plus sign is a plus sign in a path.
    var encoded = ctx.request().path().substring(PREFIX.length()).replace("+", "%2B");
    return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
  }

  private static ObjectNode find(List<Deployment> deployments, String name) {
    return deployments.stream()
        .filter(deployment -> deployment.name().equals(name))
        .findFirst()
        .map(ModelRoutes::model)
        .orElseThrow(() -> new RegistryException(new RegistryFailure.ModelNotFound(name)));
  }

  private static ObjectNode list(List<Deployment> deployments) {
    var list = Api.JSON.createObjectNode().put("object", "list");
    var data = list.putArray("data");
    deployments.forEach(deployment -> data.add(model(deployment)));
    return list;
  }

  private static ObjectNode model(Deployment deployment) {
    return Api.JSON
        .createObjectNode()
        .put("id", deployment.name())
        .put("object", "model")
        .put("created", deployment.createdAt().getEpochSecond())
        .put("owned_by", deployment.ownedBy());
  }
}
