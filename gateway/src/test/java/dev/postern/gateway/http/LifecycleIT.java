package dev.postern.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.gateway.testing.GatewayBed;
import dev.postern.runners.testing.FakeRunner.Usage;
import dev.postern.tenancy.UsageEvent.Outcome;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LifecycleIT {

  @Test
  void aGracefulStopFinishesWhatIsInFlightAndAcceptsNoMore() throws Exception {
    try (var bed = new GatewayBed()) {
      bed.runner.slowReply(
          Stream.generate(() -> "word ").limit(50).toList(),
          new Usage(1, 50),
          Duration.ofMillis(10));
      var inFlight =
          CompletableFuture.<HttpResponse<String>>supplyAsync(() -> bed.chat(",\"stream\":true"));
      bed.runner.awaitRequest(1);
      // An idle connection does not hold the stop up.
      var idle = bed.client.connect();

      GatewayBed.await(bed.gateway.stop());

      assertThat(inFlight.get(10, TimeUnit.SECONDS).body()).endsWith("data: [DONE]\n\n");
      assertThat(bed.ledger.next().outcome()).isEqualTo(Outcome.COMPLETED);
      assertThat(idle.getInputStream().read()).isEqualTo(-1);
      assertThatThrownBy(bed.client::connect).isInstanceOf(java.net.ConnectException.class);
      idle.close();
    }
  }

  @Test
  void aStopIsNotHeldUpForeverByOneRequest() throws Exception {
    try (var bed = new GatewayBed(config -> config.withDrain(Duration.ofMillis(300)))) {
      bed.runner.hang();
      var stuck = CompletableFuture.runAsync(() -> bed.chat(""));
      bed.runner.awaitRequest(1);

      GatewayBed.await(bed.gateway.stop());

      assertThat(bed.ledger.next().outcome()).isEqualTo(Outcome.CANCELLED);
      assertThatThrownBy(() -> stuck.get(10, TimeUnit.SECONDS)).isNotNull();
    }
  }

  @Test
  void aSlowReaderLosesNothingOfALongStream() throws Exception {
    try (var bed = new GatewayBed();
        var socket = bed.client.connect()) {
      var word = "0123456789".repeat(800);
      bed.runner.streamReply(
          Stream.generate(() -> word).limit(2_000).toList(), new Usage(1, 2_000));
      var body =
          ("{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")
              .formatted(GatewayBed.MODEL)
              .getBytes(StandardCharsets.UTF_8);
      socket
          .getOutputStream()
          .write(
              bed.client.head(
                  "/v1/chat/completions",
                  "connection: close\r\ncontent-length: " + body.length + "\r\n"));
      socket.getOutputStream().write(body);
      bed.runner.awaitRequest(1);

      var answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

      assertThat(answer).contains("data: [DONE]");
      assertThat(answer.split(word, -1)).hasSize(2_001);
      assertThat(bed.ledger.next().completionTokens()).isEqualTo(2_000);
    }
  }
}
