package dev.postern.runners.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vertx.core.buffer.Buffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestParserTest {
  private static final String HELLO = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

  @Test
  void readsAChatWithItsDefaults() {
    var chat = chat("{\"model\":\"m\"," + HELLO + "}");
    assertThat(chat.model()).isEqualTo("m");
    assertThat(chat.messages()).containsExactly(new ChatRequest.Message("user", "hi", null));
    assertThat(chat.sampling())
        .isEqualTo(new Sampling(1, 1, 1, null, List.of(), 0, 0, Map.of(), false, 0));
    assertThat(chat.maxCompletionTokens()).isNull();
    assertThat(chat.stream()).isFalse();
    assertThat(chat.includeUsage()).isFalse();
  }

  @Test
  void readsEveryFieldOfAChat() {
    var chat =
        chat(
            """
            {"model":"m","messages":[{"role":"user","name":"Ann","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}],
             "temperature":0.5,"top_p":0.25,"n":3,"seed":-9223372036854775808,"stop":["x","y"],"presence_penalty":-2,
             "frequency_penalty":2,"logit_bias":{"7":-100,"8":1.5},"logprobs":true,"top_logprobs":20,
             "max_completion_tokens":9,"stream":true,"stream_options":{"include_usage":true},"metadata":{"k":"v"},
             "tools":[],"tool_choice":"none","response_format":{"type":"text"},"user":null,"reasoning_effort":"low"}
            """);
    assertThat(chat.messages()).containsExactly(new ChatRequest.Message("user", "ab", "Ann"));
    assertThat(chat.sampling())
        .isEqualTo(
            new Sampling(
                0.5,
                0.25,
                3,
                Long.MIN_VALUE,
                List.of("x", "y"),
                -2,
                2,
                Map.of(7, -100.0, 8, 1.5),
                true,
                20));
    assertThat(chat.maxCompletionTokens()).isEqualTo(9);
    assertThat(chat.stream()).isTrue();
    assertThat(chat.includeUsage()).isTrue();
    assertThat(chat.body().get("reasoning_effort").textValue()).isEqualTo("low");
  }

  @Test
  void acceptsAHistoryWithToolCallsThatFit() {
    var chat =
        chat(
            """
            {"model":"m","messages":[
              {"role":"developer","content":"be short"},
              {"role":"user","content":"weather?"},
              {"role":"assistant","content":null,"tool_calls":[{"id":"call_1","type":"function","function":{"name":"w","arguments":"{}"}}]},
              {"role":"tool","tool_call_id":"call_1","content":"sunny"},
              {"role":"assistant","content":[{"type":"refusal","refusal":"no"}]}]}
            """);
    assertThat(chat.messages())
        .extracting(ChatRequest.Message::content)
        .containsExactly("be short", "weather?", "", "sunny", "no");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "temprature | unknown_parameter | {\"model\":\"m\",\"temprature\":0}",
        "messages | missing_required_parameter | {\"model\":\"m\"}",
        "model | missing_required_parameter |"
            + " {\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
        "model | invalid_type | {\"model\":7}",
        "messages | invalid_value | {\"model\":\"m\",\"messages\":[]}",
        "messages | invalid_type | {\"model\":\"m\",\"messages\":{}}",
        "messages[0] | invalid_type | {\"model\":\"m\",\"messages\":[\"x\"]}",
        "messages[0].role | missing_required_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"content\":\"x\"}]}",
        "messages[0].role | invalid_value |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"boss\",\"content\":\"x\"}]}",
        "messages[0].content | missing_required_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"user\"}]}",
        "messages[0].content | missing_required_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"content\":null}]}",
        "messages[0].content | invalid_type |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":7}]}",
        "messages[0].content | invalid_value |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[]}]}",
        "messages[0].content[0].type | unsupported_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"image_url\",\"image_url\":{\"url\":\"u\"}}]}]}",
        "messages[0].content[0].text | missing_required_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\"}]}]}",
        "messages[0].content[0].type | invalid_value |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"refusal\",\"refusal\":\"x\"}]}]}",
        "messages[0].tool_call_id | invalid_value |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"content\":\"x\",\"tool_call_id\":\"c\"}]}",
        "messages[0].tool_call_id | missing_required_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"content\":\"x\"}]}",
        "messages[0].tool_calls[0].function | missing_required_parameter |"
            + " {\"model\":\"m\",\"messages\":[{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"c\"}]}]}",
      })
  void namesTheWrongFieldOfAMessage(String param, String code, String body) {
    var refusal = refusedChat(body);
    assertThat(refusal.param()).isEqualTo(param);
    assertThat(refusal.code()).isEqualTo(code);
    assertThat(refusal.getMessage()).contains(param);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "temperature | 2.1",
        "temperature | -0.1",
        "temperature | \"1\"",
        "temperature | 1e400",
        "top_p | 1.1",
        "top_p | -1",
        "top_p | []",
        "n | 0",
        "n | 129",
        "n | 1.5",
        "n | true",
        "seed | 1.5",
        "seed | 9223372036854775808",
        "seed | \"a\"",
        "stop | [\"a\",\"b\",\"c\",\"d\",\"e\"]",
        "stop | \"\"",
        "stop | 7",
        "stop[1] | [\"a\",7]",
        "presence_penalty | 2.5",
        "frequency_penalty | -2.5",
        "logit_bias | {\"a\":1}",
        "logit_bias | {\"-1\":1}",
        "logit_bias | {\"99999999999\":1}",
        "logit_bias.5 | {\"5\":101}",
        "logit_bias | []",
        "logprobs | 1",
        "top_logprobs | 21",
        "top_logprobs | 3",
        "max_tokens | 0",
        "max_tokens | -1",
        "max_tokens | 2147483648",
        "max_tokens | 99999999999999999999999999",
        "max_tokens | 1.0",
        "max_tokens | \"5\"",
        "max_completion_tokens | 0",
        "stream | \"true\"",
        "stream_options | {\"include_usage\":true}",
        "tools | {}",
        "functions | [{\"name\":\"f\"}]",
        "tool_choice | \"auto\"",
        "function_call | {\"name\":\"f\"}",
        "top_k | -2",
        "min_p | 1.1",
        "typical_p | -0.1",
        "repetition_penalty | 0",
        "repetition_penalty | 11",
        "response_format.type | {\"type\":\"xml\"}",
        "response_format.type | {}",
        "modalities | [\"text\",\"audio\"]",
        "audio | {\"voice\":\"v\"}",
        "metadata | \"x\"",
        "metadata.k | {\"k\":7}",
        "metadata.k | {\"k\":null}",
        "service_tier | \"gold\"",
        "user | 7",
        "store | \"yes\"",
        "parallel_tool_calls | 1",
      })
  void refusesAChatFieldOutsideItsRange(String param, String value) {
    var field = param.replaceAll("[.\\[].*", "");
    var refusal = refusedChat("{\"model\":\"m\"," + HELLO + ",\"" + field + "\":" + value + "}");
    assertThat(refusal.param()).isEqualTo(param);
    assertThat(refusal.code())
        .isIn(
            "invalid_value", "invalid_type", "unsupported_parameter", "missing_required_parameter");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "nul",
        "null",
        "[]",
        "7",
        "\"x\"",
        "{",
        "{}{}",
        "{\"a\":1,}",
        "{\"a\":NaN}",
        "{'a':1}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":\"\\ud800\"}",
        "{\"\\udc00\":1}",
        "{\"a\":[{\"b\":\"\\udc00\\ud800\"}]}",
        "{\"a\":01}",
        "{\"a\":\"\t\"}",
        "/**/{}"
      })
  void refusesWhatIsNotOneCleanJsonObject(String body) {
    var refusal = refusedChat(body);
    assertThat(refusal.code()).isEqualTo("invalid_json");
    assertThat(refusal.param()).isNull();
  }

  @Test
  void refusesWhatIsNotUtf8() {
    var json = "{\"model\":\"m\"," + HELLO + "}";
    for (var charset :
        List.of(StandardCharsets.UTF_16, StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
      assertThat(refused(json.getBytes(charset)).code()).isEqualTo("invalid_json");
    }
    int[][] malformed = {
      {0xff}, {0xc0, 0x80}, {0xed, 0xa0, 0x80}, {0xf8, 0x88, 0x80, 0x80, 0x80}, {0xe2, 0x82}
    };
    for (var bytes : malformed) {
      var body = Buffer.buffer("{\"model\":\"m\",\"x\":\"");
      for (int b : bytes) {
        body.appendByte((byte) b);
      }
      body.appendString("\"," + HELLO + "}");
      assertThat(refused(body.getBytes()).code()).isEqualTo("invalid_json");
    }
  }

  @Test
  void refusesWhatWouldCostMemoryOutOfProportion() {
    assertThat(refusedChat("{\"a\":".repeat(65) + "1" + "}".repeat(65)).code())
        .isEqualTo("invalid_json");
    assertThat(refusedChat("[".repeat(100_000)).code()).isEqualTo("invalid_json");
    assertThat(refusedChat("{\"n\":" + "9".repeat(100_000) + "}").code()).isEqualTo("invalid_json");
    assertThat(refusedChat("{\"a\":[" + "{},".repeat(600_000) + "{}]}").code())
        .isEqualTo("invalid_json");
    assertThat(refusedChat("{\"a\":\"" + "x".repeat(9_000_000) + "\"}").code())
        .isEqualTo("invalid_json");
    assertThat(
            chat(
                "{\"model\":\"m\","
                    + HELLO
                    + ",\"prediction\":"
                    + "[".repeat(60)
                    + "]".repeat(60)
                    + "}"))
        .isNotNull();
  }

  @Test
  void acceptsSurrogatePairsAndEscapes() {
    var chat =
        chat(
            "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\ud83c\\udf89 \\u00e4"
                + " \\ud7ff\"}]}");
    assertThat(chat.messages().getFirst().content()).isEqualTo("🎉 ä \ud7ff");
  }

  @Test
  void refusesTwoDifferentTokenLimits() {
    var both = "{\"model\":\"m\"," + HELLO + ",\"max_tokens\":%d,\"max_completion_tokens\":%d}";
    assertThat(chat(both.formatted(5, 5)).maxCompletionTokens()).isEqualTo(5);
    assertThat(refusedChat(both.formatted(5, 6)).param()).isEqualTo("max_tokens");
  }

  @Test
  void readsEveryFormOfAPrompt() {
    assertThat(completion("\"a\"").prompts()).containsExactly("a");
    assertThat(completion("[\"a\",\"b\"]").prompts()).containsExactly("a", "b");
    assertThat(completion("[1,2]").tokenPrompts()).containsExactly(new int[] {1, 2});
    assertThat(completion("[[1],[2,3]]").tokenPrompts())
        .containsExactly(new int[] {1}, new int[] {2, 3});
  }

  @Test
  void readsACompletionWithItsDefaults() {
    var completion = completion("\"a\"");
    assertThat(completion.maxTokens()).isEqualTo(16);
    assertThat(completion.bestOf()).isEqualTo(1);
    assertThat(completion.logprobs()).isNull();
    assertThat(completion.echo()).isFalse();
    assertThat(completion.sampling().logprobs()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "prompt | \"prompt\":\"\"",
        "prompt | \"prompt\":[]",
        "prompt | \"prompt\":{}",
        "prompt | \"user\":\"u\"",
        "prompt[1] | \"prompt\":[\"a\",\"\"]",
        "prompt[1] | \"prompt\":[\"a\",1]",
        "prompt[1] | \"prompt\":[1,\"a\"]",
        "prompt[0] | \"prompt\":[[]]",
        "prompt[0] | \"prompt\":[-1]",
        "prompt[0] | \"prompt\":[1.5]",
        "prompt[0][0] | \"prompt\":[[99999999999]]",
        "prompt[0] | \"prompt\":[null]",
        "best_of | \"prompt\":\"a\",\"n\":3,\"best_of\":2",
        "best_of | \"prompt\":\"a\",\"best_of\":129",
        "best_of | \"prompt\":\"a\",\"best_of\":2,\"stream\":true",
        "best_of | \"prompt\":[\"a\",\"b\"],\"n\":65",
        "logprobs | \"prompt\":\"a\",\"logprobs\":6",
        "logprobs | \"prompt\":\"a\",\"logprobs\":true",
        "max_tokens | \"prompt\":\"a\",\"max_tokens\":-1",
        "echo | \"prompt\":\"a\",\"echo\":1",
        "suffix | \"prompt\":\"a\",\"suffix\":1",
        "stream_options | \"prompt\":\"a\",\"stream_options\":{}",
      })
  void refusesACompletionFieldOutsideItsRange(String param, String fields) {
    var refusal =
        catchThrowableOfType(
            BadRequest.class,
            () -> RequestParser.completion(Buffer.buffer("{\"model\":\"m\"," + fields + "}")));
    assertThat(refusal).isNotNull();
    assertThat(refusal.param()).isEqualTo(param);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "input | \"input\":\"\"",
        "input | \"input\":[]",
        "input | \"user\":\"u\"",
        "input[0] | \"input\":[\"\"]",
        "input[0] | \"input\":[[]]",
        "encoding_format | \"input\":\"a\",\"encoding_format\":\"hex\"",
        "dimensions | \"input\":\"a\",\"dimensions\":0",
        "dimensions | \"input\":\"a\",\"dimensions\":\"8\"",
        "user | \"input\":\"a\",\"user\":[]",
      })
  void refusesAnEmbeddingFieldOutsideItsRange(String param, String fields) {
    var refusal =
        catchThrowableOfType(
            BadRequest.class,
            () -> RequestParser.embedding(Buffer.buffer("{\"model\":\"m\"," + fields + "}")));
    assertThat(refusal).isNotNull();
    assertThat(refusal.param()).isEqualTo(param);
  }

  @Test
  void boundsTheInputsOfOneEmbedding() {
    var many = "{\"model\":\"m\",\"input\":[" + "\"a\",".repeat(2047) + "\"a\"%s]}";
    assertThat(RequestParser.embedding(Buffer.buffer(many.formatted(""))).inputs()).hasSize(2048);
    var refusal =
        catchThrowableOfType(
            BadRequest.class,
            () -> RequestParser.embedding(Buffer.buffer(many.formatted(",\"a\""))));
    assertThat(refusal.param()).isEqualTo("input");
  }

  private static ChatRequest chat(String body) {
    return RequestParser.chat(Buffer.buffer(body));
  }

  private static CompletionRequest completion(String prompt) {
    return RequestParser.completion(Buffer.buffer("{\"model\":\"m\",\"prompt\":" + prompt + "}"));
  }

  private static BadRequest refusedChat(String body) {
    return refused(body.getBytes(StandardCharsets.UTF_8));
  }

  private static BadRequest refused(byte[] body) {
    var refusal =
        catchThrowableOfType(BadRequest.class, () -> RequestParser.chat(Buffer.buffer(body)));
    assertThat(refusal).as("refused").isNotNull();
    return refusal;
  }
}
