package dev.postern.gateway.pipeline;

import dev.postern.gateway.wire.openai.CallId;
import dev.postern.runners.wire.ExplainRequest;
import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;

/**
 * Puts on record who looks into a model, before he does: what it knows by heart may be others'
 * secrets. The text asked about is not recorded.
 */
public final class AuditExplaining {
  private final AuditLog auditLog;

  public AuditExplaining(AuditLog auditLog) {
    this.auditLog = auditLog;
  }

  /** Completes at once for every other kind of call. */
  Future<ScreenedCall> record(ScreenedCall screened) {
    if (!(screened.request() instanceof ExplainRequest explain)) {
      return Future.succeededFuture(screened);
    }
    var caller = screened.admitted().caller();
    var act =
        new AuditLog.Change(
            Actor.of(caller.principal()),
            explain.text() == null ? "model.explained" : "model.probed",
            caller.project(),
            screened.plan().deployment(),
            new JsonObject()
                .put("request_id", CallId.REQUEST.format(screened.call().id()))
                .put("version", screened.plan().version().digest()));
    return EventLoops.here(auditLog.record(caller.tenant(), act)).map(screened);
  }
}
