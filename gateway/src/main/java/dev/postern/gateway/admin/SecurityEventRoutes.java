package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.PROJECT_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.wire.openai.CallId;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.SecurityEvents;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/** What guardrails found and did; never the text. */
final class SecurityEventRoutes implements RouteGroup {
  private final SecurityEvents events;
  private final Projects projects;

  SecurityEventRoutes(SecurityEvents events, Projects projects) {
    this.events = events;
    this.projects = projects;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/postern/security_events")
        .handler(Api.allow(SESSION, ADMIN_KEY, PROJECT_KEY))
        .handler(Answers.json(this::list));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var query = new Query(ctx);
    var start = query.time("start_time");
    var end = query.time("end_time");
    var page = query.page(WireId.SECURITY_EVENT);
    return Scope.narrowed(ctx, projects)
        .compose(project ->
            events.list(
                Api.principal(ctx).tenant(),
                project.orElse(null),
                start,
                end,
                page.after(),
                page.limit()))
        .map(found -> Shapes.list(found, SecurityEventRoutes::shape));
  }

  private static ObjectNode shape(SecurityEvents.SecurityEvent event) {
    var node =
        Shapes.object("postern.security_event")
            .put("id", WireId.SECURITY_EVENT.format(event.id()))
            .put("created_at", event.createdAt().getEpochSecond())
            .put("request_id", CallId.REQUEST.format(event.requestId()))
            .put("project_id", Shapes.id(event.project()));
    return Shapes.putSubject(node, event.subjectKind(), event.subjectId())
        .put("detector", event.detector())
        .put("action", event.action())
        .put("stage", event.stage())
        .put("count", event.count());
  }
}
