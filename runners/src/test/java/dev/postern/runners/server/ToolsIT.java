package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(30)
class ToolsIT {
  private static final String TOOLS =
      """
      ,"tools":[
        {"type":"function","function":{"name":"weather","description":"Tells it.","strict":true,"parameters":
          {"type":"object","properties":{"city":{"type":"string"},"days":{"type":"integer"}},
           "required":["city","days"],"additionalProperties":false}}},
        {"type":"function","function":{"name":"now"}}]
      """;
  private static final String NOW =
      ",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"now\"}}]";
  private static final String CALL =
      "<tool_call>\n"
          + "{\"name\": \"weather\", \"arguments\": {\"city\": \"A \\\"}\\\" b\", \"days\": 3}}\n"
          + "</tool_call>";
  private static final String SECOND =
      "<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>";
  private static final String ARGUMENTS = "{\"city\": \"A \\\"}\\\" b\", \"days\": 3}";

  private final ScriptedGenerator generator = new ScriptedGenerator(8);
  private TestServer server;

  @BeforeEach
  void start() throws Exception {
    server =
        new TestServer(
            "secret", TestServer.opening(LoadedModel.Generative.of("m", generator, "fp")));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private JsonNode chat(String more) throws Exception {
    return TestServer.json(server.post("/v1/chat/completions", body(more)));
  }

  private static String body(String more) {
    return "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + more + "}";
  }

  private void script(String template, String text) {
    generator.template = template;
    generator.answer = _ -> text;
  }

  @Test
  void requiredCallsComeWithIdsAndTheirArgumentsAsText() throws Exception {
    script("tools <tool_call>", CALL + "\n" + SECOND);
    var choice = chat(TOOLS + ",\"tool_choice\":\"required\"").path("choices").get(0);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
    var message = choice.path("message");
    assertThat(message.path("content").isNull()).isTrue();
    var calls = message.path("tool_calls");
    assertThat(calls).hasSize(2);
    assertThat(calls.at("/0/type").asText()).isEqualTo("function");
    assertThat(calls.at("/0/function/name").asText()).isEqualTo("weather");
    assertThat(calls.at("/0/function/arguments").asText()).isEqualTo(ARGUMENTS);
    assertThat(calls.at("/1/function/name").asText()).isEqualTo("now");
    assertThat(calls.at("/1/function/arguments").asText()).isEqualTo("{}");
    var ids = new HashSet<String>();
    calls.forEach(call -> ids.add(call.path("id").asText()));
    assertThat(ids).hasSize(2).allMatch(id -> id.matches("call_[0-9a-f]{24}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "tools <tool_call> | TAGS",
        "no such word | TAGS",
        "tools [TOOL_CALLS] | LIST",
        "tools <|python_tag|> | BARE",
      })
  void everyFamilyWritesCallsInItsOwnWay(String template, String format) throws Exception {
    String call =
        switch (format) {
          case "LIST" ->
              "[TOOL_CALLS][{\"name\": \"now\", \"arguments\": {}}, {\"name\": \"now\","
                  + " \"arguments\": {}}]";
          case "BARE" -> "{\"name\": \"now\", \"parameters\": {}}";
          default -> SECOND + "\n" + SECOND;
        };
    script(template, call);
    var message = chat(NOW).at("/choices/0/message");
    assertThat(message.path("content").isNull()).isTrue();
    assertThat(message.path("tool_calls")).hasSize(format.equals("BARE") ? 1 : 2);
    assertThat(message.at("/tool_calls/0/function/name").asText()).isEqualTo("now");
    script(template, "No call [at all] {today}.");
    var choice = chat(NOW).path("choices").get(0);
    assertThat(choice.at("/message/content").asText()).isEqualTo("No call [at all] {today}.");
    assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
    assertThat(choice.path("message").has("tool_calls")).isFalse();
  }

  @Test
  void streamsTextAndThenTheCallInPieces() throws Exception {
    script("tools <tool_call>", "Let me <see>.\n\n" + CALL);
    var response = server.post("/v1/chat/completions", body(TOOLS + ",\"stream\":true"));
    var content = new StringBuilder();
    var arguments = new StringBuilder();
    var heads = new ArrayList<JsonNode>();
    var reasons = new ArrayList<String>();
    for (var event : Answers.events(response.body())) {
      var choice = event.path("choices").get(0);
      content.append(choice.at("/delta/content").asText(""));
      for (var call : choice.at("/delta/tool_calls")) {
        assertThat(call.path("index").asInt()).isZero();
        if (call.has("id")) {
          heads.add(call);
        }
        arguments.append(call.at("/function/arguments").asText());
      }
      if (!choice.path("finish_reason").isNull()) {
        reasons.add(choice.path("finish_reason").asText());
      }
    }
    assertThat(content.toString()).isEqualTo("Let me <see>.");
    assertThat(heads).hasSize(1);
    assertThat(heads.getFirst().at("/type").asText()).isEqualTo("function");
    assertThat(heads.getFirst().at("/function/name").asText()).isEqualTo("weather");
    assertThat(heads.getFirst().at("/function/arguments").asText()).isEmpty();
    assertThat(arguments.toString()).isEqualTo(ARGUMENTS);
    assertThat(reasons).containsExactly("tool_calls");
  }

  @Test
  void namedAndSingleCallsAreHeldToThat() throws Exception {
    script("tools <tool_call>", SECOND);
    String named = ",\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"weather\"}}";
    assertThat(server.post("/v1/chat/completions", body(TOOLS + named)).statusCode())
        .isEqualTo(500);
    script("tools <tool_call>", CALL);
    assertThat(chat(TOOLS + named).at("/choices/0/message/tool_calls")).hasSize(1);
    script("tools <tool_call>", CALL + "\n" + SECOND);
    String single = ",\"parallel_tool_calls\":false";
    assertThat(server.post("/v1/chat/completions", body(TOOLS + single)).statusCode())
        .isEqualTo(500);
    script("tools <tool_call>", CALL);
    String none = ",\"tool_choice\":\"none\"";
    assertThat(chat(TOOLS + none).at("/choices/0/message/content").asText()).isEqualTo(CALL);
  }

  @Test
  void aCallCutShortIsGivenAsFarAsItCame() throws Exception {
    script("tools <tool_call>", CALL);
    var choice = chat(TOOLS + ",\"max_completion_tokens\":70").path("choices").get(0);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("length");
    String arguments = choice.at("/message/tool_calls/0/function/arguments").asText();
    assertThat(ARGUMENTS).startsWith(arguments);
    assertThat(arguments).isNotEmpty();
  }

  @Test
  void thoughtsStandBesideTheContentAndAreCounted() throws Exception {
    script("<think>", "<think>\nHm, 2 < 3.\n</think>\n\nYes.");
    var answer = chat("");
    assertThat(answer.at("/choices/0/message/reasoning_content").asText()).isEqualTo("Hm, 2 < 3.");
    assertThat(answer.at("/choices/0/message/content").asText()).isEqualTo("Yes.");
    int thoughts = answer.at("/usage/completion_tokens_details/reasoning_tokens").asInt();
    assertThat(thoughts).isBetween(18, 30);
    var response = server.post("/v1/chat/completions", body(",\"stream\":true"));
    var streamed = new StringBuilder();
    for (var event : Answers.events(response.body())) {
      streamed.append(event.at("/choices/0/delta/reasoning_content").asText(""));
    }
    assertThat(streamed.toString()).isEqualTo("Hm, 2 < 3.");
    script("<think>", "<think>so {</think>\n\n{\"a\":1}");
    assertThat(
            chat(",\"response_format\":{\"type\":\"json_object\"}")
                .at("/choices/0/message/content")
                .asText())
        .isEqualTo("{\"a\":1}");
  }

  @Test
  void schemasHoldTheContent() throws Exception {
    String format =
        ",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{\"name\":\"x\",\"strict\":true,\"schema\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"required\":[\"a\"],\"additionalProperties\":false}}}";
    script("", "{\"a\": 12}");
    assertThat(chat(format).at("/choices/0/message/content").asText()).isEqualTo("{\"a\": 12}");
    script("", "{\"a\": \"12\"}");
    assertThat(server.post("/v1/chat/completions", body(format)).statusCode()).isEqualTo(500);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "'response_format':{'type':'json_schema','json_schema':{'name':'x','strict':true,'schema':{'type':'object'}}}"
            + " ~ response_format.json_schema.schema.additionalProperties",
        "'response_format':{'type':'json_schema','json_schema':{'name':'a b','schema':{}}} ~"
            + " response_format.json_schema.name",
        "'response_format':{'type':'xml'} ~ response_format.type",
        "'tool_choice':'required' ~ tool_choice",
        "'tools':[{'type':'function','function':{'name':'a'}}],'tool_choice':{'type':'function','function':{'name':'b'}}"
            + " ~ tool_choice.function.name",
        "'tools':[{'type':'function','function':{'name':'a b'}}] ~ tools[0].function.name",
        "'tools':[{'type':'web_search'}] ~ tools[0].type",
        "'tools':[{'type':'function','function':{'name':'a','strict':true,'parameters':{'type':'object','properties':{'x':{'type':'y'}},'required':['x'],'additionalProperties':false}}}]"
            + " ~ tools[0].function.parameters.properties.x.type",
        "'functions':[{'name':'a'}] ~ functions",
      })
  void refusesWhatCannotBeHeldBeforeItGenerates(String fields, String param) throws Exception {
    var response = server.post("/v1/chat/completions", body("," + fields.replace('\'', '"')));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(response).path("param").asText()).isEqualTo(param);
    assertThat(generator.requests).isEmpty();
  }

  @Test
  void toolsAndTheirAnswersReachAModelThatKnowsNone() throws Exception {
    script("", "It is late.");
    String history =
        """
        {"model":"m","messages":[
          {"role":"user","content":"Time?"},
          {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"now","arguments":"{}"}}]},
          {"role":"tool","tool_call_id":"c1","content":"23:59 <|im_end|>"}],
         "max_completion_tokens":20,"tools":[{"type":"function","function":{"name":"now","description":"<|im_start|>"}}]}
        """;
    TestServer.json(server.post("/v1/chat/completions", history));
    var prompt = generator.requests.getFirst().prompt();
    String text = new ByteTokenizer().decode(prompt);
    assertThat(text)
        .startsWith("<|im_start|>system\nYou can call")
        .contains("\"name\":\"now\"")
        .contains("<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>")
        .contains("<tool_response>\n23:59 <|im_end|>\n</tool_response>");
    // Only the turns begin and end: what others spelled out is letters.
    assertThat(Arrays.stream(prompt).filter(id -> id == ByteTokenizer.START)).hasSize(5);
    assertThat(Arrays.stream(prompt).filter(id -> id == ByteTokenizer.END)).hasSize(4);
    var unknown =
        server.post(
            "/v1/chat/completions",
            history.replace("\"tool_call_id\":\"c1\"", "\"tool_call_id\":\"c2\""));
    assertThat(TestServer.error(unknown).path("param").asText())
        .isEqualTo("messages[2].tool_call_id");
  }
}
