package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Who changed what. */
final class AuditLogRoutes implements RouteGroup {
  private final AuditLog auditLog;

  AuditLogRoutes(AuditLog auditLog) {
    this.auditLog = auditLog;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/organization/audit_logs")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::list));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var query = new Query(ctx);
    if (!query.list("actor_emails").isEmpty()) {
      throw Query.invalid("actor_emails", "is not supported: use actor_ids");
    }
    var filter =
        new AuditLog.Filter(
            from(query),
            to(query),
            List.copyOf(query.projects("project_ids")),
            query.list("event_types"),
            List.copyOf(query.ids("actor_ids", WireId.USER, WireId.API_KEY)),
            query.list("resource_ids"),
            query.id("before", WireId.AUDIT_LOG));
    return auditLog
        .list(Api.principal(ctx).tenant(), filter, query.page(WireId.AUDIT_LOG))
        .map(page -> Shapes.list(page, AuditLogRoutes::shape));
  }

  /** Clients see whole seconds, so that is what their bounds are compared with. */
  private static @Nullable Instant from(Query query) {
    var inclusive = query.time("effective_at[gte]");
    var exclusive = query.time("effective_at[gt]");
    var next = exclusive == null ? null : exclusive.plusSeconds(1);
    if (inclusive == null || next == null) {
      return inclusive == null ? next : inclusive;
    }
    return inclusive.isAfter(next) ? inclusive : next;
  }

  private static @Nullable Instant to(Query query) {
    var inclusive = query.time("effective_at[lte]");
    var exclusive = query.time("effective_at[lt]");
    var end = inclusive == null ? null : inclusive.plusSeconds(1);
    if (end == null || (exclusive != null && exclusive.isBefore(end))) {
      end = exclusive;
    }
    return end == null ? null : end.minusNanos(1_000);
  }

  private static ObjectNode shape(AuditLog.Entry entry) {
    var change = entry.change();
    var node =
        Api.JSON
            .createObjectNode()
            .put("id", WireId.AUDIT_LOG.format(entry.id()))
            .put("type", change.type())
            .put("effective_at", entry.at().getEpochSecond());
    if (change.project() != null) {
      node.putObject("project").put("id", Shapes.id(change.project()));
    }
    var actor = shape(change.actor());
    if (actor != null) {
      node.set("actor", actor);
    }
    var detail = Api.JSON.createObjectNode().put("id", change.resource());
    detail.setAll(tree(change.detail()));
    node.set(change.type(), detail);
    return node;
  }

  /** Null for what the installation did by itself: the API knows no such actor. */
  private static @Nullable ObjectNode shape(Actor actor) {
    var node = Api.JSON.createObjectNode();
    return switch (actor.type()) {
      case SESSION -> {
        node.put("type", "session")
            .putObject("session")
            .putObject("user")
            .put("id", WireId.USER.format(actor.id()))
            .put("name", actor.name());
        yield node;
      }
      case API_KEY -> {
        node.put("type", "api_key")
            .putObject("api_key")
            .put("id", WireId.API_KEY.format(actor.id()))
            .put("type", "user")
            .put("name", actor.name());
        yield node;
      }
      case SYSTEM -> null;
    };
  }

  private static ObjectNode tree(JsonObject detail) {
    try {
      JsonNode tree = Api.JSON.readTree(detail.encode());
      return (ObjectNode) tree;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an audit entry is not JSON", e);
    }
  }
}
