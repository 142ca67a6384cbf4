package dev.postern.gateway.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.testing.GatewayBed;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PlainRoutesIT {
  private static final ObjectMapper JSON = new ObjectMapper();

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
  void healthNeedsNoKeyAndReadinessFollowsItsSupplier() {
    assertThat(without("/healthz").statusCode()).isEqualTo(200);
    assertThat(without("/readyz").statusCode()).isEqualTo(200);
    bed.ready.set(false);
    assertThat(without("/readyz").statusCode()).isEqualTo(503);
    bed.ready.set(true);
  }

  @Test
  void listsTheTenantsModelsAndNobodyElses() throws Exception {
    var models = JSON.readTree(bed.client.get("/v1/models").body());
    assertThat(models.path("object").asText()).isEqualTo("list");
    assertThat(models.path("data").findValuesAsText("id"))
        .contains(GatewayBed.MODEL, GatewayBed.EMBED_MODEL);

    var others = JSON.readTree(as(GatewayBed.OTHER_KEY, "/v1/models").body());
    assertThat(others.path("data")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"embed/model:1", "embed%2Fmodel%3A1", "embed%2fmodel:1"})
  void findsAModelWhoseNameNeedsEncoding(String path) throws Exception {
    var model = JSON.readTree(bed.client.get("/v1/models/" + path).body());

    assertThat(model.path("id").asText()).isEqualTo(GatewayBed.EMBED_MODEL);
    assertThat(model.path("object").asText()).isEqualTo("model");
    assertThat(model.path("created").asLong()).isPositive();
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/models/no-such-model, 404, model_not_found",
    "/v1/models/%zz, 400, null",
    "/v1/models/%, 400, null",
    "/v1/moderations, 404, not_offered",
    "/v1/fine_tuning/jobs, 404, not_offered",
    "/v1/files, 404, not_offered",
    "/v1/nothing, 404, null",
    "/v1/chat/completions, 405, null",
    "/v1/embeddings, 405, null",
  })
  void refusesInTheEnvelope(String path, int status, String code) throws Exception {
    // Not through java.net.URI, which refuses broken encodings itself.
    try (var socket = bed.client.connect()) {
      socket
          .getOutputStream()
          .write(
              ("GET "
                      + path
                      + " HTTP/1.1\r\nhost: t\r\nconnection: close\r\nauthorization: Bearer "
                      + GatewayBed.KEY
                      + "\r\n\r\n")
                  .getBytes());
      var answer = new String(socket.getInputStream().readAllBytes());
      assertThat(answer).startsWith("HTTP/1.1 " + status + " ").contains("x-request-id: req_");
      var error = JSON.readTree(answer.substring(answer.indexOf("\r\n\r\n"))).path("error");
      assertThat(error.path("code").asText()).isEqualTo(code);
      assertThat(error.path("message").asText()).isNotEmpty();
    }
  }

  @Test
  void aWrongMethodNamesTheRightOnes() {
    var response =
        bed.client.send(
            bed.client
                .request("/v1/models")
                .POST(HttpRequest.BodyPublishers.ofString("{}"))
                .build());

    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("allow")).get().asString().contains("GET");
    assertThat(response.body()).contains("GET");
  }

  @Test
  void eachKindOfKeyStaysOnItsOwnRoutes() {
    assertThat(as(GatewayBed.ADMIN_KEY, "/v1/models").statusCode()).isEqualTo(403);
    assertThat(as(GatewayBed.KEY, "/metrics").statusCode()).isEqualTo(403);
    assertThat(as(GatewayBed.ADMIN_KEY, "/metrics").statusCode()).isEqualTo(200);
    var chat =
        HttpRequest.newBuilder(bed.client.uri("/v1/chat/completions"))
            .header("Authorization", "Bearer " + GatewayBed.ADMIN_KEY)
            .POST(HttpRequest.BodyPublishers.ofString("{}"))
            .build();
    assertThat(bed.client.send(chat).statusCode()).isEqualTo(403);
  }

  @Test
  void missingAndUnknownKeysAreA401() {
    assertThat(without("/v1/models").statusCode()).isEqualTo(401);
    var unknown = as("sk-proj-unknown", "/v1/models");
    assertThat(unknown.statusCode()).isEqualTo(401);
    assertThat(unknown.body()).contains("invalid_api_key").doesNotContain("sk-proj-unknown");
  }

  @Test
  void scopeHeadersMustAgreeWithTheKey() {
    var own = "org-" + hex(GatewayBed.TENANT.value());
    assertThat(scoped("OpenAI-Organization", own)).isEqualTo(200);
    assertThat(scoped("OpenAI-Organization", "org-other")).isEqualTo(403);
    assertThat(scoped("OpenAI-Project", "proj_" + hex(GatewayBed.PROJECT.value()))).isEqualTo(200);
    assertThat(scoped("OpenAI-Project", "proj_" + hex(new UUID(9, 9)))).isEqualTo(403);
  }

  @Test
  void metricsHaveRoutesForLabelsAndNoClientsPaths() {
    bed.chat("");
    bed.client.get("/v1/models/some-name");
    bed.client.send(bed.client.request("/v1/odd/path/17").method("ODD17", noBody()).build());

    var metrics = as(GatewayBed.ADMIN_KEY, "/metrics").body();

    assertThat(metrics)
        .contains("postern_http_requests_seconds_count")
        .contains("route=\"/v1/chat/completions\"")
        .contains("postern_inference_tokens_total")
        .doesNotContain("some-name")
        .doesNotContain("odd")
        .doesNotContain("ODD17");
  }

  private static HttpRequest.BodyPublisher noBody() {
    return HttpRequest.BodyPublishers.noBody();
  }

  private static int scoped(String header, String value) {
    return bed.client
        .send(bed.client.request("/v1/models").header(header, value).GET().build())
        .statusCode();
  }

  private static String hex(UUID id) {
    return id.toString().replace("-", "");
  }

  private static HttpResponse<String> as(String key, String path) {
    return bed.client.send(
        HttpRequest.newBuilder(bed.client.uri(path))
            .header("Authorization", "Bearer " + key)
            .build());
  }

  private static HttpResponse<String> without(String path) {
    return bed.client.send(HttpRequest.newBuilder(bed.client.uri(path)).build());
  }
}
