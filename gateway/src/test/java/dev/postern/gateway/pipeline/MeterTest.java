package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.inspect.Finding;
import dev.postern.gateway.testing.Calls;
import dev.postern.gateway.testing.FakeClient;
import dev.postern.gateway.wire.openai.TokenUsage;
import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.tenancy.UsageEvent.Outcome;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class MeterTest {
  private static final Ending.Failed TIMED_OUT =
      new Ending.Failed(
          new RunnerException(new RunnerFailure.TimedOut("runner", Duration.ofSeconds(2))));

  private final Meter meter = new Meter();

  @Test
  void writesDownWhatWasUsedAndByWhom() {
    var answer =
        answer("", Outcome.COMPLETED, 500, new Ending.Document(Buffer.buffer("{}")), List.of());

    var event = meter.measure(answer);

    assertThat(event.id()).isEqualTo(Calls.ID);
    assertThat(event.subjectId()).isEqualTo(Calls.CALLER.principal().id());
    assertThat(event.model()).isEqualTo("m");
    assertThat(event.version()).isEqualTo("sha256:1");
    assertThat(event.promptTokens()).isEqualTo(5);
    assertThat(event.cachedTokens()).isEqualTo(1);
    assertThat(event.completionTokens()).isEqualTo(7);
    assertThat(event.reasoningTokens()).isEqualTo(3);
    assertThat(event.runnerCpuMicros()).isEqualTo(99);
    assertThat(event.startedAt()).isEqualTo(Calls.STARTED);
    assertThat(event.firstTokenMicros()).isEqualTo(500);
    assertThat(event.httpStatus()).isEqualTo(200);
    assertThat(event.errorCode()).isNull();
    assertThat(event.streamed()).isFalse();
    assertThat(event.verdict()).isEqualTo("none");
  }

  @Test
  void aFailureHasItsOwnStatusUntilAStreamHasBegun() {
    var before =
        meter.measure(answer(",\"stream\":true", Outcome.FAILED, -1, TIMED_OUT, List.of()));
    var after = meter.measure(answer(",\"stream\":true", Outcome.FAILED, 10, TIMED_OUT, List.of()));

    assertThat(before.httpStatus()).isEqualTo(504);
    assertThat(after.httpStatus()).isEqualTo(200);
    assertThat(after.errorCode()).isEqualTo("server_error");
  }

  @Test
  void aClientThatLeftBeforeAnyAnswerHasTheCustomaryStatus() {
    var event =
        meter.measure(answer("", Outcome.CANCELLED, -1, new Ending.ClientGone(), List.of()));

    assertThat(event.httpStatus()).isEqualTo(499);
  }

  @Test
  void theVerdictIsTheStrongestActionOfAll() {
    var findings =
        List.of(
            new Finding("pii.email", Action.FLAG, 2),
            new Finding("pii.card", Action.REDACT, 1),
            new Finding("pii.ip", Action.FLAG, 1));

    var event = meter.measure(answer("", Outcome.COMPLETED, 1, new Ending.ClientGone(), findings));

    assertThat(event.verdict()).isEqualTo("redact");
  }

  @Test
  void aCallThatReachedNoModelNamesNoVersion() {
    var admitted = Calls.admitted(new FakeClient(""), Calls.chat(""));

    var event = meter.measure(Answer.refused(admitted, new IllegalStateException()));

    assertThat(event.version()).isNull();
    assertThat(event.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(event.httpStatus()).isEqualTo(500);
  }

  private static Answer answer(
      String fields,
      Outcome outcome,
      long firstByteMicros,
      Ending ending,
      List<Finding> promptFindings) {
    return new Answer(
        Calls.admitted(new FakeClient(""), Calls.chat(fields)),
        outcome,
        new TokenUsage(5, 1, 7, 3, 99),
        firstByteMicros,
        true,
        promptFindings,
        List.of(),
        ending);
  }
}
