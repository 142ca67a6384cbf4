package dev.postern.gateway.pipeline;

import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.wire.openai.ErrorAnswer;
import dev.postern.gateway.wire.openai.ErrorEnvelope;
import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.tenancy.UsageEvent;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Writes down what a call used and how it ended. */
public final class Meter {
  /** What nginx made the customary status of a request that its client has left. */
  private static final int CLIENT_CLOSED_REQUEST = 499;

  public UsageEvent measure(Answer answer) {
    var admitted = answer.admitted();
    var call = admitted.call();
    var principal = admitted.caller().principal();
    var failure = failure(answer);
    var version = answer.reachedModel() ? admitted.plan().version().digest() : null;
    return new UsageEvent(
        call.id(),
        principal.tenant(),
        admitted.caller().project(),
        principal.kind(),
        principal.id(),
        call.endpoint(),
        admitted.plan().deployment(),
        version,
        answer.usage().promptTokens(),
        answer.usage().cachedTokens(),
        answer.usage().completionTokens(),
        answer.usage().reasoningTokens(),
        answer.outcome(),
        status(answer, failure),
        failure == null ? null : failure.code() == null ? failure.type() : failure.code(),
        admitted.request().stream(),
        call.startedAt(),
        answer.firstByteMicros(),
        call.elapsedMicros(),
        answer.usage().cpuMicros(),
        call.times().micros(),
        verdict(answer));
  }

  private static @Nullable ErrorAnswer failure(Answer answer) {
    return answer.ending() instanceof Ending.Failed(var cause)
        ? ErrorEnvelope.of(cause, answer.admitted().call().requestId())
        : null;
  }

  private static int status(Answer answer, @Nullable ErrorAnswer failure) {
    var streamBegan = answer.admitted().request().stream() && answer.firstByteMicros() >= 0;
    if (streamBegan) {
      return 200;
    }
    return switch (answer.ending()) {
      case Ending.Document _, Ending.LastEvents _ -> 200;
      case Ending.ClientGone() -> CLIENT_CLOSED_REQUEST;
      case Ending.Failed _ -> failure == null ? 500 : failure.status();
    };
  }

  private static String verdict(Answer answer) {
    return Stream.concat(answer.promptFindings().stream(), answer.outputFindings().stream())
        .map(Finding::action)
        .max(Action::compareTo)
        .map(action -> action.name().toLowerCase(Locale.ROOT))
        .orElse("none");
  }
}
