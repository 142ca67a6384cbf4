package dev.postern.gateway.admin;

import dev.postern.gateway.http.Api;
import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Organisations;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/** What only the operator may do, and the trace that it leaves in the audit log. */
record OperatorActs(Organisations organisations, AuditLog auditLog) {

  /** Fails with {@code OperatorOnly} for everybody else. */
  Future<Void> require(RoutingContext ctx) {
    return organisations.requireOperator(Api.principal(ctx).tenant());
  }

  /** Writes down that it was asked for, before it is done. */
  Future<Void> record(RoutingContext ctx, String type, String resource, JsonObject detail) {
    var principal = Api.principal(ctx);
    return auditLog.record(
        principal.tenant(), new AuditLog.Change(Actor.of(principal), type, null, resource, detail));
  }
}
