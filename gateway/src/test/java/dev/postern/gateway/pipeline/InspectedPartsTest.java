package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.inspect.PolicyInspector;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class InspectedPartsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static InspectedParts parts(Action action) {
    return new InspectedParts(
        new PolicyInspector(new RuleDetectors()),
        new GuardrailPolicy(1, Map.of("pii.email", action), List.of()));
  }

  private static ObjectNode said(String json) throws IOException {
    return (ObjectNode) JSON.readTree(json);
  }

  @Test
  void argumentsAndThoughtsOfADocumentAreOutput() throws Exception {
    var message =
        said(
            """
            {"content":null,"reasoning_content":"ask x@y.example","tool_calls":[
              {"id":"1","function":{"name":"f","arguments":"{\\"to\\":\\"a@b.example\\"}"}}]}
            """);
    var parts = parts(Action.REDACT);
    parts.pass(message);
    parts.finish(message, false);
    assertThat(message.path("reasoning_content").asText()).isEqualTo("ask [EMAIL]");
    assertThat(message.at("/tool_calls/0/function/arguments").asText())
        .isEqualTo("{\"to\":\"[EMAIL]\"}");
    assertThat(parts.findings()).hasSize(2);
    assertThat(parts.blocked()).isFalse();
  }

  @Test
  void argumentsSplitOverDeltasLoseNothingAndLeakNothing() throws Exception {
    var parts = parts(Action.REDACT);
    var sent = new StringBuilder();
    for (var piece : List.of("{\\\"to\\\":\\\"a", "@b.exam", "ple\\\",\\\"n\\\":1}")) {
      var delta =
          said("{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"" + piece + "\"}}]}");
      parts.pass(delta);
      sent.append(delta.at("/tool_calls/0/function/arguments").asText());
    }
    var rest = said("{}");
    if (parts.finish(rest, true)) {
      assertThat(rest.at("/tool_calls/0/index").asInt()).isEqualTo(1);
      sent.append(rest.at("/tool_calls/0/function/arguments").asText());
    }
    assertThat(sent.toString()).isEqualTo("{\"to\":\"[EMAIL]\",\"n\":1}");
  }

  @Test
  void blocksACallWithWhatMayNotLeave() throws Exception {
    var parts = parts(Action.BLOCK);
    var delta =
        said("{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"a@b.example \"}}]}");
    parts.pass(delta);
    parts.finish(said("{}"), true);
    assertThat(parts.blocked()).isTrue();
  }
}
