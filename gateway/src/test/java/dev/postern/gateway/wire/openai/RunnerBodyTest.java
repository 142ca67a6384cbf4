package dev.postern.gateway.wire.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.wire.RequestParser;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunnerBodyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void keepsWhatTheRunnerNeedsAndDropsWhatIsOurs() throws Exception {
    var chat =
        RequestParser.chat(
            Buffer.buffer(
                """
                {"model":"m","messages":[{"role":"user","content":"a"}],"temperature":0.5,
                 "store":true,"metadata":{"k":"v"},"user":"u","service_tier":"auto",
                 "prompt_cache_key":"p","safety_identifier":"s","max_tokens":5,"prediction":{"x":1}}\
                """));

    var sent = tree(RunnerBody.of(chat, List.of("a"), 5).forModel("m@1"));

    assertThat(sent)
        .isEqualTo(
            JSON.readTree(
                """
                {"model":"m@1","messages":[{"role":"user","content":"a"}],"temperature":0.5,
                 "prediction":{"x":1},"max_completion_tokens":5}\
                """));
    assertThat(chat.body().has("store")).isTrue();
  }

  @Test
  void replacesOnlyTheMessagesThatWereRewritten() throws Exception {
    var chat =
        RequestParser.chat(
            Buffer.buffer(
                """
                {"model":"m","messages":[
                  {"role":"system","content":[{"type":"text","text":"be "},{"type":"text","text":"kind"}]},
                  {"role":"user","name":"n","content":"secret"}]}\
                """));

    var messages =
        tree(RunnerBody.of(chat, List.of("be kind", "[x]"), 5).forModel("m")).path("messages");

    assertThat(messages.path(0)).isEqualTo(chat.body().path("messages").path(0));
    assertThat(messages.path(1).toString())
        .isEqualTo("{\"role\":\"user\",\"name\":\"n\",\"content\":\"[x]\"}");
    assertThat(chat.body().path("messages").path(1).path("content").asText()).isEqualTo("secret");
  }

  @Test
  void keepsTheShapeOfRewrittenPromptsAndInputs() throws Exception {
    var one = RequestParser.completion(Buffer.buffer("{\"model\":\"m\",\"prompt\":\"a\"}"));
    var many = RequestParser.embedding(Buffer.buffer("{\"model\":\"m\",\"input\":[\"a\",\"b\"]}"));

    assertThat(tree(RunnerBody.of(one, List.of("x"), 16).forModel("m")).path("prompt").toString())
        .isEqualTo("\"x\"");
    assertThat(
            tree(RunnerBody.of(many, List.of("x", "b"), 0).forModel("m")).path("input").toString())
        .isEqualTo("[\"x\",\"b\"]");
  }

  @Test
  void aRerankingGetsItsQueryAndDocumentsAsTheyWereLetPass() throws Exception {
    var request =
        RequestParser.rerank(
            Buffer.buffer(
                "{\"model\":\"m\",\"query\":\"q\",\"documents\":[\"a\",{\"text\":\"b\"}],\"top_n\":1}"));

    var body = tree(RunnerBody.of(request, List.of("x", "a", "y"), 0).forModel("r"));

    assertThat(body.path("query").asText()).isEqualTo("x");
    assertThat(body.path("documents").toString()).isEqualTo("[\"a\",\"y\"]");
    assertThat(body.path("top_n").asInt()).isEqualTo(1);
  }

  @Test
  void streamsAlwaysReportTheirUsage() throws Exception {
    var stream =
        RequestParser.completion(
            Buffer.buffer("{\"model\":\"m\",\"prompt\":\"a\",\"stream\":true}"));

    var sent = tree(RunnerBody.of(stream, List.of("a"), 16).forModel("m"));

    assertThat(sent.path("stream_options").path("include_usage").asBoolean()).isTrue();
    assertThat(sent.path("max_tokens").asInt()).isEqualTo(16);
  }

  private static JsonNode tree(Buffer body) throws IOException {
    return JSON.readTree(body.getBytes());
  }
}
