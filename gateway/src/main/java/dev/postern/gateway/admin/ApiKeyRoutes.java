package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;

/** The keys of a project. */
final class ApiKeyRoutes implements RouteGroup {
  private static final String PATH = "/v1/organization/projects/:project/api_keys";
  private static final String KIND = "organization.project.api_key";
  private static final int MAX_NAME = 200;
  private static final int MAX_DAYS = 3_650;

  private final ApiKeys keys;
  private final KeyOwners owners;
  private final InstantSource clock;

  ApiKeyRoutes(AdminStores stores, InstantSource clock) {
    this.keys = stores.keys();
    this.owners = new KeyOwners(stores.users(), stores.serviceAccounts());
    this.clock = clock;
  }

  @Override
  public void register(Router router) {
    router.get(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::list));
    router
        .get(PATH + "/:key")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::get));
    router
        .delete(PATH + "/:key")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::revoke));
    router
        .post("/v1/postern/projects/:project/api_keys")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::issue));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var tenant = Api.principal(ctx).tenant();
    var project = Scope.project(ctx);
    return keys.listOfProject(tenant, project, new Query(ctx).page(WireId.API_KEY))
        .compose(page -> shape(tenant, project, page));
  }

  private Future<JsonNode> get(RoutingContext ctx) {
    var tenant = Api.principal(ctx).tenant();
    var project = Scope.project(ctx);
    return keys.get(tenant, project, Scope.pathId(ctx, "key", WireId.API_KEY))
        .compose(key -> shape(tenant, project, new Page<>(List.of(key), false)))
        .map(list -> list.get("data").get(0));
  }

  private Future<ObjectNode> revoke(RoutingContext ctx) {
    var id = Scope.pathId(ctx, "key", WireId.API_KEY);
    return keys.revoke(Api.principal(ctx), Scope.project(ctx), id)
        .map(key -> Shapes.deleted(KIND + ".deleted", WireId.API_KEY.format(key.id())));
  }

  private Future<JsonNode> issue(RoutingContext ctx) {
    var project = Scope.project(ctx);
    return Body.read(
        ctx,
        Set.of("name", "expires_in_days"),
        body -> {
          var days = body.optionalInteger("expires_in_days", 1, MAX_DAYS);
          var expiresAt = days == null ? null : clock.instant().plus(Duration.ofDays(days));
          return keys.issueForProject(
                  Api.principal(ctx), project, body.name("name", MAX_NAME), expiresAt)
              .map(ApiKeyRoutes::shapeIssued);
        });
  }

  private Future<ObjectNode> shape(TenantId tenant, ProjectId project, Page<ApiKey> page) {
    return owners
        .of(tenant, project, page.data())
        .map(known -> Shapes.list(page, key -> shape(key, known.shape(key))));
  }

  private ObjectNode shape(ApiKey key, ObjectNode owner) {
    var node =
        Shapes.key(KIND, key)
            .put("owner_project_access", isGood(key, clock.instant()) ? "active" : "inactive");
    node.set("owner", owner);
    return node;
  }

  private static boolean isGood(ApiKey key, Instant now) {
    return key.revokedAt() == null && (key.expiresAt() == null || key.expiresAt().isAfter(now));
  }

  private static ObjectNode shapeIssued(ApiKeys.Issued issued) {
    var key = issued.key();
    return Shapes.object(KIND)
        .put("id", WireId.API_KEY.format(key.id()))
        .put("name", key.name())
        .put("value", issued.secret())
        .put("redacted_value", key.redacted())
        .put("created_at", key.createdAt().getEpochSecond())
        .put("expires_at", Shapes.seconds(key.expiresAt()));
  }
}
