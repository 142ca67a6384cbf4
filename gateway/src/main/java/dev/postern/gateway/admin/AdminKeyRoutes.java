package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.InstantSource;
import java.util.Set;

/** The keys that administer the organisation. */
final class AdminKeyRoutes implements RouteGroup {
  private static final String PATH = "/v1/organization/admin_api_keys";
  private static final String KIND = "organization.admin_api_key";
  private static final int MAX_NAME = 200;
  private static final int MAX_SECONDS = 31_536_000;

  private final ApiKeys keys;
  private final InstantSource clock;

  AdminKeyRoutes(AdminStores stores, InstantSource clock) {
    this.keys = stores.keys();
    this.clock = clock;
  }

  @Override
  public void register(Router router) {
    router.get(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::list));
    router.post(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::issue));
    router
        .get(PATH + "/:key")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::get));
    router
        .delete(PATH + "/:key")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::revoke));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    return keys.listAdmin(Api.principal(ctx).tenant(), new Query(ctx).page(WireId.API_KEY))
        .map(page -> Shapes.list(page, AdminKeyRoutes::shape));
  }

  private Future<ObjectNode> get(RoutingContext ctx) {
    return keys.get(Api.principal(ctx).tenant(), null, Scope.pathId(ctx, "key", WireId.API_KEY))
        .map(AdminKeyRoutes::shape);
  }

  private Future<JsonNode> issue(RoutingContext ctx) {
    return Body.read(
        ctx,
        Set.of("name", "expires_in_seconds"),
        body -> {
          var seconds = body.optionalInteger("expires_in_seconds", 1, MAX_SECONDS);
          var expiresAt = seconds == null ? null : clock.instant().plusSeconds(seconds);
          return keys.issueAdmin(Api.principal(ctx), body.name("name", MAX_NAME), expiresAt)
              .map(issued -> shape(issued.key()).put("value", issued.secret()));
        });
  }

  private Future<ObjectNode> revoke(RoutingContext ctx) {
    return keys.revoke(Api.principal(ctx), null, Scope.pathId(ctx, "key", WireId.API_KEY))
        .map(key -> Shapes.deleted(KIND + ".deleted", WireId.API_KEY.format(key.id())));
  }

  private static ObjectNode shape(ApiKey key) {
    var node = Shapes.key(KIND, key);
    var owner = node.putObject("owner").put("type", "user").put("object", "organization.user");
    if (key.createdBy() != null) {
      owner.put("id", WireId.USER.format(key.createdBy()));
    }
    return node;
  }
}
