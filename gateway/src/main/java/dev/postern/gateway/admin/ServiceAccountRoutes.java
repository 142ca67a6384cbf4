package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.ServiceAccounts;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;

/** Programs that call a project, each with a key of its own. */
final class ServiceAccountRoutes implements RouteGroup {
  private static final String PATH = "/v1/organization/projects/:project/service_accounts";
  private static final String KIND = "organization.project.service_account";
  private static final int MAX_NAME = 200;

  private final ServiceAccounts accounts;

  ServiceAccountRoutes(ServiceAccounts accounts) {
    this.accounts = accounts;
  }

  @Override
  public void register(Router router) {
    router.get(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::list));
    router.post(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::create));
    router
        .get(PATH + "/:account")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                accounts
                    .get(
                        Api.principal(ctx).tenant(),
                        Scope.project(ctx),
                        Scope.pathId(ctx, "account", WireId.SERVICE_ACCOUNT))
                    .map(ServiceAccountRoutes::shape)));
    router
        .delete(PATH + "/:account")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::delete));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    return accounts
        .list(
            Api.principal(ctx).tenant(),
            Scope.project(ctx),
            new Query(ctx).page(WireId.SERVICE_ACCOUNT))
        .map(page -> Shapes.list(page, ServiceAccountRoutes::shape));
  }

  private Future<JsonNode> create(RoutingContext ctx) {
    var project = Scope.project(ctx);
    return Body.read(
        ctx,
        Set.of("name", "create_service_account_only"),
        body -> {
          if (body.flag("create_service_account_only")) {
            throw body.unsupported("create_service_account_only", "an account comes with its key");
          }
          return accounts
              .create(Api.principal(ctx), project, body.name("name", MAX_NAME))
              .map(ServiceAccountRoutes::shapeCreated);
        });
  }

  private Future<ObjectNode> delete(RoutingContext ctx) {
    var id = Scope.pathId(ctx, "account", WireId.SERVICE_ACCOUNT);
    return accounts
        .delete(Api.principal(ctx), Scope.project(ctx), id)
        .map(done -> Shapes.deleted(KIND + ".deleted", WireId.SERVICE_ACCOUNT.format(id)));
  }

  static ObjectNode shape(ServiceAccounts.ServiceAccount account) {
    return Shapes.object(KIND)
        .put("id", WireId.SERVICE_ACCOUNT.format(account.id()))
        .put("name", account.name())
        .put("role", "member")
        .put("created_at", account.createdAt().getEpochSecond());
  }

  private static ObjectNode shapeCreated(ServiceAccounts.Created created) {
    var node = shape(created.account());
    var key = created.key().key();
    node.putObject("api_key")
        .put("object", KIND + ".api_key")
        .put("id", WireId.API_KEY.format(key.id()))
        .put("name", key.name())
        .put("value", created.key().secret())
        .put("created_at", key.createdAt().getEpochSecond());
    return node;
  }
}
