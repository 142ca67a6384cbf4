package dev.postern.runners.server;

import static dev.postern.runners.server.TestServer.error;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WatchdogIT {
  private final ScriptedGenerator generator = new ScriptedGenerator(4);
  private final CompletableFuture<Integer> ended = new CompletableFuture<>();

  private TestServer server(Duration limit) throws Exception {
    return new TestServer(
        "secret",
        TestServer.opening(
            new ScriptedLoader(0),
            new Watchdog(limit, ended::complete),
            LoadedModel.Generative.of("m", generator, "fp_1")));
  }

  @Test
  void givesUpAProcessWithAHangingStepAndTellsEverybodyWhoWaits() throws Exception {
    generator.stepwise = true;
    try (var server = server(Duration.ofMillis(300))) {
      var document = chat(server, "");
      var stream = chat(server, ",\"stream\":true");
      while (generator.requests.size() < 2) {
        Thread.onSpinWait();
      }
      generator.step = Duration.ofMillis(299);
      generator.allow(2);
      assertThat(ended).isNotDone();
      generator.step = Duration.ofMillis(300);
      var refused = document.get(10, TimeUnit.SECONDS);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(refused.headers().firstValue("retry-after")).contains("1");
      assertThat(error(refused).path("message").asText()).contains("restarted; try again");
      assertThat(stream.get(10, TimeUnit.SECONDS).body())
          .contains("try again")
          .doesNotContain("[DONE]");
      assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo(Watchdog.GAVE_UP);
    }
  }

  @Test
  void givesUpAProcessWhoseEventLoopIsBlocked() throws Exception {
    try (var server = server(Duration.ofMillis(200))) {
      generator.whenRendering = ended::join;
      var _ = chat(server, "");
      assertThat(ended.get(10, TimeUnit.SECONDS)).isEqualTo(Watchdog.GAVE_UP);
    }
  }

  @Test
  void leavesAProcessAloneThatWorks() throws Exception {
    generator.step = Duration.ofSeconds(4);
    try (var server = server(Duration.ofSeconds(5))) {
      for (int i = 0; i < 20; i++) {
        assertThat(chat(server, "").get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      }
      assertThat(ended).isNotDone();
    }
  }

  private static CompletableFuture<HttpResponse<String>> chat(TestServer server, String more) {
    var body = TestServer.CHAT.formatted("m").replaceFirst("}$", more + "}");
    return server.postAsync("/v1/chat/completions", body);
  }
}
