package dev.postern.gateway.admin;

import dev.postern.gateway.http.Api;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.RoutingContext;
import java.util.Optional;
import java.util.UUID;

/** Which project a request is about, and whether its caller may see it. */
final class Scope {
  private Scope() {}

  /** The project in the path; the stores tell whether it is the caller's. */
  static ProjectId project(RoutingContext ctx) {
    return new ProjectId(pathId(ctx, "project", WireId.PROJECT));
  }

  static UUID pathId(RoutingContext ctx, String name, WireId kind) {
    return kind.require(ctx.pathParam(name));
  }

  /**
   * The project that the query's {@code project_id} narrows the answer to; empty for the whole
   * organisation. A project key is narrowed to its own project always.
   *
   * @return fails with {@code NotFound} for a project that is not the caller's
   */
  static Future<Optional<ProjectId>> narrowed(RoutingContext ctx, Projects projects) {
    var principal = Api.principal(ctx);
    var text = new Query(ctx).text("project_id");
    var own = principal.project();
    if (text == null) {
      return Future.succeededFuture(Optional.ofNullable(own));
    }
    var named = new ProjectId(WireId.PROJECT.require(text));
    if (own != null) {
      return own.equals(named)
          ? Future.succeededFuture(Optional.of(own))
          : Future.failedFuture(new TenancyException(WireId.PROJECT.notFound(named.value())));
    }
    return projects.get(principal.tenant(), named).map(project -> Optional.of(project.id()));
  }
}
