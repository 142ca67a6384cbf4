package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.testing.Calls;
import dev.postern.gateway.testing.FakeClient;
import dev.postern.gateway.testing.FakeStream;
import dev.postern.gateway.wire.openai.AnswerLabel;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.tenancy.UsageEvent.Outcome;
import io.vertx.core.Future;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StreamRelayTest {
  private static final AnswerLabel LABEL = new AnswerLabel("chatcmpl-1", "m", 7, null);

  private final FakeClient client = new FakeClient("");
  private final FakeStream source = new FakeStream();

  @Test
  void whatOneReadBroughtLeavesInOneWriteUnderOurName() {
    run("");

    source.events(delta("a"), delta("b"));

    assertThat(client.writes)
        .containsExactly("data: " + ours("a") + "\n\n" + "data: " + ours("b") + "\n\n");
  }

  @Test
  void theEndOfAChoiceWaitsForTheEndOfTheCall() {
    var answer = run("");
    source.events(delta("a"), finish());
    assertThat(client.writes).singleElement().asString().doesNotContain("stop");

    source.end();

    assertThat(answer.result().outcome()).isEqualTo(Outcome.COMPLETED);
    assertThat(answer.result().ending())
        .isInstanceOfSatisfying(
            Ending.LastEvents.class,
            last ->
                assertThat(last.events().toString())
                    .contains("\"finish_reason\":\"stop\"")
                    .endsWith("data: [DONE]\n\n"));
  }

  @Test
  void aCongestedClientPausesTheRunnerUntilItDrains() {
    run("");
    client.congested = true;

    source.events(delta("a"));
    assertThat(source.paused).isTrue();

    client.drain();
    assertThat(source.paused).isFalse();
  }

  @Test
  void aClientThatLeavesCancelsTheRunnerAndIsChargedForWhatCame() {
    var answer = run("");
    source.events(delta("a"), delta("b"));

    client.gone.complete();

    assertThat(source.cancelled).isTrue();
    assertThat(answer.result().outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(answer.result().usage().completionTokens()).isEqualTo(2);
    assertThat(answer.result().usage().promptTokens()).isEqualTo(11);
    source.events(delta("late"));
    assertThat(client.writes).hasSize(1);
  }

  @Test
  void aCutStreamIsChargedThePromptThatTheRunnerTold() {
    var answer = run("");
    source.events("{\"choices\":[],\"postern\":{\"prompt_tokens\":5}}", delta("a"));

    client.gone.complete();

    assertThat(answer.result().usage().promptTokens()).isEqualTo(5);
    assertThat(client.writes.toString()).doesNotContain("postern");
  }

  @Test
  void whatTheRunnerCountedWinsOverWhatWasSeen() {
    var answer = run("");

    source.events(
        delta("a"),
        """
        {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9,
         "prompt_tokens_details":{"cached_tokens":2}},"postern":{"cpu_us":77}}\
        """);
    source.end();

    var usage = answer.result().usage();
    assertThat(usage.promptTokens()).isEqualTo(5);
    assertThat(usage.completionTokens()).isEqualTo(9);
    assertThat(usage.cachedTokens()).isEqualTo(2);
    assertThat(usage.cpuMicros()).isEqualTo(77);
    assertThat(client.writes).singleElement().asString().doesNotContain("usage");
  }

  @Test
  void aFailureKeepsWhatWasDelivered() {
    var answer = run("");
    source.events(delta("a"));

    source.fail(
        new RunnerException(new RunnerFailure.Unavailable("runner", Duration.ofSeconds(1))));

    assertThat(answer.result().outcome()).isEqualTo(Outcome.FAILED);
    assertThat(answer.result().usage().completionTokens()).isEqualTo(1);
    assertThat(answer.result().ending()).isInstanceOf(Ending.Failed.class);
  }

  @Test
  void anEventThatIsNoJsonEndsTheCallAndTheRunnersWork() {
    var answer = run("");

    source.events(delta("a"), "{\"choices\":");

    assertThat(source.cancelled).isTrue();
    assertThat(answer.result().outcome()).isEqualTo(Outcome.FAILED);
  }

  @Test
  void everyChoiceIsRelayed() {
    var answer = run(",\"n\":2");

    source.events(
        "{\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}},"
            + "{\"index\":1,\"delta\":{\"content\":\"b\"}}]}");
    source.end();

    assertThat(client.writes.getFirst()).contains("\"index\":0", "\"index\":1");
    assertThat(answer.result().usage().completionTokens()).isEqualTo(2);
  }

  private Future<Answer> run(String fields) {
    var chat = Calls.chat(",\"stream\":true" + fields);
    return new StreamRelay(Calls.screened(client, chat), LABEL, source, null).run();
  }

  private static String delta(String text) {
    return "{\"id\":\"x\",\"created\":1,\"model\":\"m@1\",\"choices\":[{\"index\":0,\"delta\":"
        + "{\"content\":\""
        + text
        + "\"},\"finish_reason\":null}],\"postern\":{\"a\":1}}";
  }

  private static String ours(String text) {
    return "{\"id\":\"chatcmpl-1\",\"created\":7,\"model\":\"m\",\"choices\":[{\"index\":0,"
        + "\"delta\":{\"content\":\""
        + text
        + "\"},\"finish_reason\":null}]}";
  }

  private static String finish() {
    return "{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}";
  }
}
