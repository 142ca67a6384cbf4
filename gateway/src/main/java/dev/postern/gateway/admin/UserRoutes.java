package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.User;
import dev.postern.tenancy.Users;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/** The people of the organisation. All of them see all of its projects. */
final class UserRoutes implements RouteGroup {
  private static final String OF_ORGANISATION = "/v1/organization/users";
  private static final String OF_PROJECT = "/v1/organization/projects/:project/users";

  private final Users users;
  private final Projects projects;

  UserRoutes(Users users, Projects projects) {
    this.users = users;
    this.projects = projects;
  }

  @Override
  public void register(Router router) {
    router
        .get(OF_ORGANISATION)
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(ctx -> list(ctx, "organization.user")));
    router
        .get(OF_ORGANISATION + "/:user")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(ctx -> get(ctx, "organization.user")));
    router
        .get(OF_PROJECT)
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(
                ctx -> inProject(ctx).compose(own -> list(ctx, "organization.project.user"))));
    router
        .get(OF_PROJECT + "/:user")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(
                ctx -> inProject(ctx).compose(own -> get(ctx, "organization.project.user"))));
  }

  private Future<?> inProject(RoutingContext ctx) {
    return projects.get(Api.principal(ctx).tenant(), Scope.project(ctx));
  }

  private Future<ObjectNode> list(RoutingContext ctx, String kind) {
    return users
        .list(Api.principal(ctx).tenant(), new Query(ctx).page(WireId.USER))
        .map(page -> Shapes.list(page, user -> shape(user, kind)));
  }

  private Future<ObjectNode> get(RoutingContext ctx, String kind) {
    return users
        .get(Api.principal(ctx).tenant(), Scope.pathId(ctx, "user", WireId.USER))
        .map(user -> shape(user, kind));
  }

  private static ObjectNode shape(User user, String kind) {
    return Shapes.object(kind)
        .put("id", WireId.USER.format(user.id()))
        .put("name", user.name())
        .put("email", user.email())
        .put("role", Shapes.word(user.role()))
        .put("added_at", user.createdAt().getEpochSecond());
  }
}
