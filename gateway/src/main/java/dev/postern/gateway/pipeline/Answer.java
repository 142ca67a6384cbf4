package dev.postern.gateway.pipeline;

import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.wire.openai.TokenUsage;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.UsageEvent;
import java.util.List;

/**
 * How an admitted call ended and what it used.
 *
 * @param firstByteMicros from arrival to the first byte of the answer; -1 when there was none
 * @param reachedModel whether the model version answered at all
 */
public record Answer(
    AdmittedCall admitted,
    UsageEvent.Outcome outcome,
    TokenUsage usage,
    long firstByteMicros,
    boolean reachedModel,
    List<Finding> promptFindings,
    List<Finding> outputFindings,
    Ending ending) {

  /** The call ended before a model answered. */
  static Answer refused(AdmittedCall admitted, Throwable cause) {
    if (cause instanceof WireException wire
        && wire.failure() instanceof WireFailure.PromptBlocked blocked) {
      return unanswered(
          admitted,
          UsageEvent.Outcome.PROMPT_BLOCKED,
          blocked.findings(),
          new Ending.Failed(cause));
    }
    return unanswered(admitted, UsageEvent.Outcome.FAILED, List.of(), new Ending.Failed(cause));
  }

  /** No runner began an answer. */
  static Answer failed(ScreenedCall screened, Throwable cause) {
    var gone = screened.call().client().gone().isComplete();
    return unanswered(
        screened.admitted(),
        gone ? UsageEvent.Outcome.CANCELLED : UsageEvent.Outcome.FAILED,
        screened.findings(),
        gone ? new Ending.ClientGone() : new Ending.Failed(cause));
  }

  private static Answer unanswered(
      AdmittedCall admitted, UsageEvent.Outcome outcome, List<Finding> findings, Ending ending) {
    return new Answer(admitted, outcome, TokenUsage.NONE, -1, false, findings, List.of(), ending);
  }

  Answer ending(Ending other) {
    return new Answer(
        admitted,
        outcome,
        usage,
        firstByteMicros,
        reachedModel,
        promptFindings,
        outputFindings,
        other);
  }
}
