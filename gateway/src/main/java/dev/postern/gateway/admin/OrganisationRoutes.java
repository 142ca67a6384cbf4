package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Bootstrap;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;

/** Further tenants, made by the operator with the operator's admin key. */
final class OrganisationRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/organizations";
  private static final int MAX_NAME = 200;
  private static final int MAX_EMAIL = 320;

  private final Bootstrap bootstrap;

  OrganisationRoutes(Bootstrap bootstrap) {
    this.bootstrap = bootstrap;
  }

  @Override
  public void register(Router router) {
    router.post(PATH).handler(Api.allow(ADMIN_KEY)).handler(Answers.json(this::create));
  }

  private Future<JsonNode> create(RoutingContext ctx) {
    return Body.read(
        ctx,
        Set.of("name", "admin_email"),
        body ->
            bootstrap
                .add(
                    Api.principal(ctx),
                    body.name("name", MAX_NAME),
                    body.name("admin_email", MAX_EMAIL))
                .map(OrganisationRoutes::shape));
  }

  private static ObjectNode shape(Bootstrap.Created created) {
    var organisation = created.organisation();
    var node =
        Shapes.object("postern.organization")
            .put("id", WireId.ORGANISATION.format(organisation.id().value()))
            .put("name", organisation.name())
            .put("created_at", organisation.createdAt().getEpochSecond());
    node.putObject("project")
        .put("id", Shapes.id(created.project().id()))
        .put("name", created.project().name());
    node.putObject("admin")
        .put("id", WireId.USER.format(created.admin().id()))
        .put("email", created.admin().email())
        .put("password", created.adminPassword());
    node.putObject("api_key").put("value", created.projectKey().secret());
    node.putObject("admin_api_key").put("value", created.adminKey().secret());
    return node;
  }
}
