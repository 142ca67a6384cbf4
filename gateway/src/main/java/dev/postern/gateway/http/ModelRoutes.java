package dev.postern.gateway.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.registry.Adapter;
import dev.postern.registry.Deployment;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.registry.Routes;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** {@code /v1/models}: what the caller may name in a request, its project's adapters included. */
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
        .handler(ctx -> Api.respond(ctx, models(ctx).map(ModelRoutes::list)));
    // Model names may hold slashes and colons, percent-encoded or not.
    router
        .get(PREFIX + "*")
        .handler(Api.allow(Principal.Kind.PROJECT_KEY, Principal.Kind.SESSION))
        .handler(ctx -> Api.respond(ctx, models(ctx).map(all -> find(all, name(ctx)))));
  }

  private Future<List<Listed>> models(RoutingContext ctx) {
    var tenant = Api.principal(ctx).tenant();
    return routes
        .deployments(tenant)
        .compose(deployments -> {
          var listed = new ArrayList<Listed>();
          deployments.forEach(deployment -> listed.add(Listed.of(deployment)));
          var project = Exchange.of(ctx).project();
          if (project == null) {
            return Future.succeededFuture(listed);
          }
          return routes
              .adapters(tenant, project)
              .map(adapters -> {
                adapters.forEach(adapter -> listed.add(Listed.of(adapter)));
                return listed;
              });
        });
  }

  /** What a request may name. */
  private record Listed(String name, Instant createdAt, String ownedBy) {
    static Listed of(Deployment deployment) {
      return new Listed(deployment.name(), deployment.createdAt(), deployment.ownedBy());
    }

    static Listed of(Adapter adapter) {
      return new Listed(
          adapter.model(), adapter.createdAt(), WireId.PROJECT.format(adapter.project().value()));
    }
  }

  private static String name(RoutingContext ctx) {
    // A plus sign is a plus sign in a path.
    var encoded = ctx.request().path().substring(PREFIX.length()).replace("+", "%2B");
    return URLDecoder.decode(encoded, StandardCharsets.UTF_8);
  }

  private static ObjectNode find(List<Listed> models, String name) {
    return models.stream()
        .filter(model -> model.name().equals(name))
        .findFirst()
        .map(ModelRoutes::model)
        .orElseThrow(() -> new RegistryException(new RegistryFailure.ModelNotFound(name)));
  }

  private static ObjectNode list(List<Listed> models) {
    var list = Api.JSON.createObjectNode().put("object", "list");
    var data = list.putArray("data");
    models.forEach(model -> data.add(model(model)));
    return list;
  }

  private static ObjectNode model(Listed model) {
    return Api.JSON
        .createObjectNode()
        .put("id", model.name())
        .put("object", "model")
        .put("created", model.createdAt().getEpochSecond())
        .put("owned_by", model.ownedBy());
  }
}
