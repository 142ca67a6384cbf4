package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.engine.Generator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class CallersIT {
  private static final String[] HEADERS = {
    "x-postern-tenant", "org-7", "x-postern-weight", "3", "x-postern-priority", "-2"
  };

  private final ScriptedGenerator generator = new ScriptedGenerator(8);

  private TestServer server(@Nullable String token) throws Exception {
    return new TestServer(
        token, TestServer.opening(LoadedModel.Generative.of("m", generator, "fp_1")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/chat/completions", "/v1/completions"})
  void tellsTheEngineOnWhoseBehalfItGenerates(String path) throws Exception {
    try (var server = server("secret")) {
      var body =
          path.contains("chat")
              ? TestServer.CHAT.formatted("m")
              : "{\"model\":\"m\",\"prompt\":\"hi\"}";
      assertThat(server.post(path, body, HEADERS).statusCode()).isEqualTo(200);
      assertThat(server.post(path, body).statusCode()).isEqualTo(200);
    }
    assertThat(generator.requests)
        .extracting(Generator.Request::caller)
        .containsExactly(new Generator.Caller("org-7", 3, -2), Generator.Caller.ANYONE);
  }

  @Test
  void believesNobodyWhereThereIsNoToken() throws Exception {
    try (var server = server(null)) {
      var answer = server.post("/v1/chat/completions", TestServer.CHAT.formatted("m"), HEADERS);
      assertThat(answer.statusCode()).isEqualTo(200);
    }
    assertThat(generator.requests.getFirst().caller()).isEqualTo(Generator.Caller.ANYONE);
  }

  @Test
  void refusesACallerThatIsNotSound() throws Exception {
    try (var server = server("secret")) {
      var answer =
          server.post(
              "/v1/chat/completions", TestServer.CHAT.formatted("m"), "x-postern-weight", "0");
      assertThat(answer.statusCode()).isEqualTo(400);
      assertThat(TestServer.error(answer).path("message").asText()).contains("x-postern-weight");
    }
    assertThat(generator.requests).isEmpty();
  }
}
