package dev.postern.gateway.wire.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.wire.RequestParser;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChatTextsTest {
  private static final String BODY =
      """
      {"model":"m","messages":[
        {"role":"user","content":"u"},
        {"role":"assistant","content":null,"reasoning_content":"think","tool_calls":[
          {"id":"c","type":"function","function":{"name":"f","arguments":"{\\"a\\":1}"}}]},
        {"role":"tool","tool_call_id":"c","content":"out"}],
       "tools":[{"type":"function","function":{"name":"f","description":"secret tool"}}]}
      """;

  @Test
  void findsWhatToolsAndEarlierCallsTellTheModel() throws Exception {
    var texts = ChatTexts.of((ObjectNode) new ObjectMapper().readTree(BODY));
    assertThat(texts).containsExactly("think", "{\"a\":1}", "function", "f", "secret tool");
  }

  @Test
  void theRunnerGetsTheRewrittenOnesInTheirPlaces() throws Exception {
    var chat = RequestParser.chat(Buffer.buffer(BODY));
    List<String> texts = new ArrayList<>(List.of("u", "", "out"));
    ChatTexts.of(chat.body())
        .forEach(text -> texts.add(text.replace("secret", "[x]").replace("1", "2")));
    var sent = new ObjectMapper().readTree(RunnerBody.of(chat, texts, 5).forModel("m").getBytes());
    assertThat(sent.at("/tools/0/function/description").asText()).isEqualTo("[x] tool");
    assertThat(sent.at("/messages/1/tool_calls/0/function/arguments").asText())
        .isEqualTo("{\"a\":2}");
    assertThat(sent.at("/messages/1/content").isNull()).isTrue();
    assertThat(sent.at("/messages/2/content").asText()).isEqualTo("out");
    assertThat(chat.body().at("/tools/0/function/description").asText()).isEqualTo("secret tool");
  }
}
