package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Project;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;

/** The organisation's projects. There is no way back from the archive. */
final class ProjectRoutes implements RouteGroup {
  private static final String PATH = "/v1/organization/projects";
  private static final int MAX_NAME = 200;

  private final Projects projects;

  ProjectRoutes(Projects projects) {
    this.projects = projects;
  }

  @Override
  public void register(Router router) {
    router.get(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::list));
    router.post(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::create));
    router
        .get(PATH + "/:project")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                projects
                    .get(Api.principal(ctx).tenant(), Scope.project(ctx))
                    .map(ProjectRoutes::shape)));
    router
        .post(PATH + "/:project")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::rename));
    router
        .post(PATH + "/:project/archive")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                projects
                    .archive(Api.principal(ctx), Scope.project(ctx))
                    .map(ProjectRoutes::shape)));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var query = new Query(ctx);
    return projects
        .list(
            Api.principal(ctx).tenant(), query.flag("include_archived"), query.page(WireId.PROJECT))
        .map(page -> Shapes.list(page, ProjectRoutes::shape));
  }

  private Future<JsonNode> create(RoutingContext ctx) {
    return Body.read(
        ctx,
        Set.of("name"),
        body ->
            projects
                .create(Api.principal(ctx), body.name("name", MAX_NAME))
                .map(ProjectRoutes::shape));
  }

  private Future<JsonNode> rename(RoutingContext ctx) {
    var project = Scope.project(ctx);
    return Body.read(
        ctx,
        Set.of("name"),
        body ->
            projects
                .rename(Api.principal(ctx), project, body.name("name", MAX_NAME))
                .map(ProjectRoutes::shape));
  }

  private static ObjectNode shape(Project project) {
    return Shapes.object("organization.project")
        .put("id", Shapes.id(project.id()))
        .put("name", project.name())
        .put("created_at", project.createdAt().getEpochSecond())
        .put("archived_at", Shapes.seconds(project.archivedAt()))
        .put("status", project.active() ? "active" : "archived");
  }
}
