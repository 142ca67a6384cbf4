package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.testing.GatewayBed;
import dev.postern.gateway.testing.TestClient;
import dev.postern.tenancy.UsageEvent;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Reranking and classification through the gateway. */
class EncoderRoutesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String RERANK =
      """
      {"model":"%s","query":"who, jane@ours.example?","documents":["d1",{"text":"d2 of jane@ours.example"}]}
      """
          .formatted(GatewayBed.RERANK_MODEL);
  private static final String CLASSIFY =
      "{\"model\":\"%s\",\"input\":[\"a\",\"b\"]}".formatted(GatewayBed.CLASSIFY_MODEL);
  private static final String RERANKED =
      """
      {"object":"list","results":[{"index":1,"relevance_score":0.9}],"model":"m",
       "usage":{"prompt_tokens":17,"total_tokens":17},"postern":{"cpu_us":1200,"queue_us":1}}
      """;

  private static GatewayBed bed;

  @BeforeAll
  static void start() {
    bed = new GatewayBed();
  }

  @AfterAll
  static void stop() {
    bed.close();
  }

  @Test
  void reranksAndRecordsWhatTheRunnerRead() throws Exception {
    bed.runner.statusReply(200, RERANKED);
    var response = bed.client.post("/v1/rerank", RERANK);
    assertThat(response.statusCode()).isEqualTo(200);
    var answer = JSON.readTree(response.body());
    assertThat(answer.at("/results/0/index").asInt()).isEqualTo(1);
    assertThat(answer.path("model").asText()).isEqualTo(GatewayBed.RERANK_MODEL);
    assertThat(answer.has("postern")).isFalse();
    var event = bed.ledger.next();
    assertThat(event.endpoint()).isEqualTo(UsageEvent.Endpoint.RERANK);
    assertThat(event.promptTokens()).isEqualTo(17);
    assertThat(event.completionTokens()).isZero();
    assertThat(event.runnerCpuMicros()).isEqualTo(1200);
    var received = bed.runner.received().getLast();
    assertThat(received.path()).isEqualTo("/v1/rerank");
    assertThat(received.body().path("documents")).hasSize(2);
  }

  @Test
  void classifiesAndRecordsWhatTheRunnerRead() throws Exception {
    bed.runner.statusReply(200, RERANKED.replace("results", "data"));
    assertThat(bed.client.post("/v1/classify", CLASSIFY).statusCode()).isEqualTo(200);
    assertThat(bed.ledger.next().endpoint()).isEqualTo(UsageEvent.Endpoint.CLASSIFY);
    JsonNode body = bed.runner.received().getLast().body();
    assertThat(body.path("input")).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource({"/v1/rerank", "/v1/classify"})
  void refusesNoKeyAndHidesModelsFromOtherOrganisations(String path) throws Exception {
    var body = path.endsWith("rerank") ? RERANK : CLASSIFY;
    var nobody = new TestClient(bed.gateway.port(), "sk-proj-unknown").post(path, body);
    assertThat(nobody.statusCode()).isEqualTo(401);
    var other = new TestClient(bed.gateway.port(), GatewayBed.OTHER_KEY).post(path, body);
    assertThat(other.statusCode()).isEqualTo(404);
    assertThat(JSON.readTree(other.body()).at("/error/code").asText()).isEqualTo("model_not_found");
  }

  @Test
  void refusesAModelOfAnotherRole() throws Exception {
    var response =
        bed.client.post("/v1/rerank", RERANK.replace(GatewayBed.RERANK_MODEL, GatewayBed.MODEL));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("reranking");
  }
}
