package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.gateway.testing.Calls;
import dev.postern.gateway.testing.FakeClient;
import dev.postern.gateway.testing.FakeQuotas;
import dev.postern.runners.wire.InferenceRequest;
import dev.postern.runners.wire.RequestParser;
import dev.postern.tenancy.Quotas.Demand;
import io.vertx.core.buffer.Buffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdmitTest {
  private final FakeQuotas quotas = new FakeQuotas();

  @ParameterizedTest
  @CsvSource({
    // 1 + bytes / 3 for the text, 5 for the message and 5 for the answer's turn.
    "'', 11",
    "ab, 11",
    "abc, 12",
    "äöü, 13",
    "漢字, 13",
    "😀😀😀, 15",
  })
  void estimatesAPromptByItsBytes(String text, long tokens) {
    var chat =
        RequestParser.chat(
            Buffer.buffer(
                "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\""
                    + text
                    + "\"}]}"));

    assertThat(Admit.promptTokens(chat)).isEqualTo(tokens);
  }

  @Test
  void countsTokensThatAreGivenAsTokens() {
    var completion =
        RequestParser.completion(
            Buffer.buffer("{\"model\":\"m\",\"prompt\":[[1,2,3],[4]],\"n\":2,\"best_of\":3}"));

    var demand = reserve(completion);

    assertThat(demand.promptTokens()).isEqualTo(4);
    assertThat(demand.maxCompletionTokens()).isEqualTo(2 * 3 * 16);
    assertThat(demand.minCompletionTokens()).isEqualTo(2 * 3 * 16);
  }

  @Test
  void aStatedLimitCountsForEachChoice() {
    var demand = reserve(Calls.chat(",\"n\":3,\"max_completion_tokens\":7"));

    assertThat(demand.minCompletionTokens()).isEqualTo(21);
    assertThat(demand.maxCompletionTokens()).isEqualTo(21);
  }

  @Test
  void anOpenCallIsElasticUpToTheContext() {
    var demand = reserve(Calls.chat(",\"n\":2"));

    assertThat(demand.minCompletionTokens()).isEqualTo(32);
    assertThat(demand.maxCompletionTokens()).isEqualTo(2 * 2048);
  }

  @Test
  void namesTheCallerTheModelAndTheCall() {
    var demand = reserve(Calls.chat(""));

    assertThat(demand.requestId()).isEqualTo(Calls.ID);
    assertThat(demand.principal()).isEqualTo(Calls.CALLER.principal());
    assertThat(demand.project()).isEqualTo(Calls.CALLER.project());
    assertThat(demand.model()).isEqualTo("m");
  }

  private Demand reserve(InferenceRequest request) {
    var admitted = new Admit(quotas).reserve(Calls.routed(new FakeClient(""), request)).result();
    assertThat(admitted.reservation().requestId()).isEqualTo(Calls.ID);
    return quotas.demands().getLast();
  }
}
