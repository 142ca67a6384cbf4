package dev.postern.gateway.pipeline;

import io.vertx.core.Future;

/**
 * The way of an inference request, one stage a line. Each stage is a class of its own that takes a
 * value and gives the next; none but the first knows of HTTP, and none of SQL.
 *
 * <p>Two rules give the order. Nothing that costs money runs before {@link Admit}: naming the model
 * comes first only because limits and prices are kept by model, and because an open-ended request
 * can ask for as much as the model's context holds; both are look-ups in memory. And nothing
 * reaches a runner before {@link InspectPrompt}.
 *
 * <p>From admission on a call ends in exactly one usage event, whatever happens: answered, refused
 * by a guardrail, failed half way or left by its client. {@link Settle} has the event on record
 * before the last byte of the answer is sent.
 */
public final class InferencePipeline {
  private final Authenticate authenticate;
  private final ReadRequest readRequest;
  private final Route route;
  private final Admit admit;
  private final InspectPrompt inspectPrompt;
  private final AuditExplaining auditExplaining;
  private final Generate generate;
  private final InspectOutput inspectOutput;
  private final Meter meter;
  private final Settle settle;

  public InferencePipeline(
      Authenticate authenticate,
      ReadRequest readRequest,
      Route route,
      Admit admit,
      InspectPrompt inspectPrompt,
      AuditExplaining auditExplaining,
      Generate generate,
      InspectOutput inspectOutput,
      Meter meter,
      Settle settle) {
    this.authenticate = authenticate;
    this.readRequest = readRequest;
    this.route = route;
    this.admit = admit;
    this.inspectPrompt = inspectPrompt;
    this.auditExplaining = auditExplaining;
    this.generate = generate;
    this.inspectOutput = inspectOutput;
    this.meter = meter;
    this.settle = settle;
  }

  /**
   * Answers the call.
   *
   * @return completes when the last byte is handed to the client, never fails
   */
  public Future<Void> run(InferenceCall call) {
    var times = call.times();
    return times
        .measure("authenticate", () -> authenticate.caller(call.credentials()))
        .compose(caller -> times.measure("read", () -> readRequest.parse(call, caller)))
        .compose(parsed -> times.measure("route", () -> route.plan(parsed)))
        .compose(routed -> times.measure("admit", () -> admit.reserve(routed)))
        .compose(this::serve)
        .otherwise(Ending.Failed::new)
        .onSuccess(call.client()::finish)
        .mapEmpty();
  }

  private Future<Ending> serve(AdmittedCall admitted) {
    return admitted
        .call()
        .times()
        .measure("inspect_prompt", () -> inspectPrompt.screen(admitted))
        .compose(auditExplaining::record)
        .compose(this::answer)
        .otherwise(cause -> Answer.refused(admitted, cause))
        .compose(answer -> settle.record(answer, meter.measure(answer)));
  }

  private Future<Answer> answer(ScreenedCall screened) {
    return screened
        .call()
        .times()
        .measure("generate", () -> generate.begin(screened))
        .compose(inspectOutput::relay)
        .otherwise(cause -> Answer.failed(screened, cause));
  }
}
