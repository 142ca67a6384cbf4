package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The product as users meet it: real launcher, database, runner and model. */
@Timeout(600)
class ProductIT {
  private static final String QUESTION =
      """
      {"model":"smollm2-135m-instruct","temperature":0,"max_tokens":24%s,
       "messages":[{"role":"user","content":"What is the capital of France?"}]}
      """;
  private static final String CHAT = "/v1/chat/completions";

  private static RunningProduct product;

  @BeforeAll
  static void start() {
    product = RunningProduct.shared();
  }

  @Test
  void knowsTheCapitalOfFranceAndStreamsTheSameText() throws Exception {
    var whole = product.json(product.post(CHAT, product.projectKey(), QUESTION.formatted("")));
    var streamed =
        product.post(
            CHAT,
            product.projectKey(),
            QUESTION.formatted(",\"stream\":true,\"stream_options\":{\"include_usage\":true}"));

    var text = whole.at("/choices/0/message/content").asText();
    assertThat(text).contains("Paris");
    assertThat(streamed.body()).endsWith("data: [DONE]\n\n");
    var events =
        streamed
            .body()
            .lines()
            .filter(line -> line.startsWith("data: {"))
            .map(line -> tree(line.substring("data: ".length())))
            .toList();
    var joined = new StringBuilder();
    events.forEach(event -> joined.append(event.at("/choices/0/delta/content").asText("")));
    assertThat(joined).hasToString(text);
    assertThat(events.getLast().get("usage").get("total_tokens"))
        .isEqualTo(whole.get("usage").get("total_tokens"));
  }

  @Test
  void metersWhatItAnsweredToTheToken() throws Exception {
    long before = tokens("input_tokens") + tokens("output_tokens");
    long told = 0;
    for (int i = 0; i < 3; i++) {
      var answer = product.json(product.post(CHAT, product.projectKey(), QUESTION.formatted("")));
      told += answer.at("/usage/total_tokens").asLong();
    }

    assertThat(tokens("input_tokens") + tokens("output_tokens") - before).isEqualTo(told);
  }

  /** More flexible requests than run at the same time, and then one that is not. */
  @Test
  void letsFlexibleRequestsWaitForOthers() throws Exception {
    var long1 =
        """
        {"model":"smollm2-135m-instruct","temperature":0,"max_tokens":40,"n":4,%s
         "logit_bias":{"2":-100},"messages":[{"role":"user","content":"Tell me about number %d."}]}
        """;
    var flexible = new ArrayList<CompletableFuture<Long>>();
    for (int i = 0; i < 12; i++) {
      flexible.add(answeredAt(long1.formatted("\"service_tier\":\"flex\",", i)));
    }
    while (waiting() == 0) {
      assertThat(flexible).anyMatch(answer -> !answer.isDone());
    }

    long usual = answeredAt(long1.formatted("", 99)).join();

    assertThat(flexible.stream().filter(answer -> answer.join() > usual))
        .hasSizeGreaterThan(flexible.size() / 2);
  }

  private static int waiting() throws Exception {
    var runners = product.json(product.get("/v1/postern/runners", product.adminKey()));
    return runners.at("/data/0/capacity").findValues("waiting").stream()
        .mapToInt(JsonNode::asInt)
        .sum();
  }

  private static CompletableFuture<Long> answeredAt(String body) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            assertThat(product.post(CHAT, product.projectKey(), body).statusCode()).isEqualTo(200);
            return System.nanoTime();
          } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  @Test
  void embedsTexts() throws Exception {
    var answer =
        product.json(
            product.post(
                "/v1/embeddings",
                product.projectKey(),
                "{\"model\":\"all-minilm-l6-v2\",\"input\":[\"a cat\",\"a dog\"]}"));

    assertThat(answer.get("data")).hasSize(2);
    assertThat(answer.at("/data/0/embedding")).hasSize(384);
  }

  @Test
  void refusesASecondInstanceOnTheSameHome() throws Exception {
    var second = RunningProduct.run("up", "--home", product.home().toString());

    assertThat(second.exit()).isEqualTo(2);
    assertThat(second.output()).contains("another Postern already runs on");
  }

  @Test
  void refusesATakenPortBeforeAnythingHeavy() throws Exception {
    var other = product.home().resolveSibling("other-home");
    var second =
        RunningProduct.run("up", "--home", other.toString(), "--port", "" + product.port());

    assertThat(second.exit()).isEqualTo(2);
    assertThat(second.output()).contains("cannot listen on", "--port");
    assertThat(other.resolve("postgres")).doesNotExist();
  }

  @Test
  void saysThatItRuns() throws Exception {
    var status = RunningProduct.run("status", "--home", product.home().toString());

    assertThat(status.exit()).isZero();
    assertThat(status.output())
        .contains("running")
        .contains("runner local at http://127.0.0.1:")
        .containsPattern("smollm2-135m-instruct +chat +serving +rows 0 of 16");
  }

  @Test
  void keepsSecretsFromOtherUsers() throws Exception {
    for (var file : new String[] {"bootstrap.env", "console-password", "secrets/key-pepper"}) {
      assertThat(
              PosixFilePermissions.toString(
                  Files.getPosixFilePermissions(product.home().resolve(file))))
          .isEqualTo("rw-------");
    }
    assertThat(Files.readString(product.home().resolve("logs/gateway.log")))
        .doesNotContain(product.projectKey())
        .doesNotContain("capital of France");
  }

  @Test
  void opensEachKindOfRouteToItsOwnKindOfKeyAlone() throws Exception {
    assertThat(product.post(CHAT, product.adminKey(), QUESTION.formatted("")).statusCode())
        .isIn(401, 403);
    assertThat(product.get("/v1/organization/projects", product.projectKey()).statusCode())
        .isIn(401, 403);
    assertThat(product.post(CHAT, "sk-proj-unknown", QUESTION.formatted("")).statusCode())
        .isEqualTo(401);
  }

  static Stream<Arguments> hostileBodies() {
    var nested = "[".repeat(100_000);
    var large = new byte[50 << 20];
    Arrays.fill(large, (byte) ' ');
    return Stream.of(
        Arguments.of("bad JSON", "{\"model\":".getBytes(UTF_8)),
        Arguments.of("deep nesting", ("{\"messages\":" + nested).getBytes(UTF_8)),
        Arguments.of("wrong types", "{\"model\":7,\"messages\":\"no\"}".getBytes(UTF_8)),
        Arguments.of("not an object", "[1,2,3]".getBytes(UTF_8)),
        Arguments.of("empty", new byte[0]),
        Arguments.of("50 MB", large),
        Arguments.of("invalid UTF-8", new byte[] {'{', '"', (byte) 0xc3, (byte) 0x28, '"', '}'}),
        Arguments.of(
            "huge max_tokens", QUESTION.replace("24%s", "999999999999999999999").getBytes(UTF_8)),
        Arguments.of(
            "unknown model", QUESTION.formatted("").replace("smollm2", "gpt").getBytes(UTF_8)));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("hostileBodies")
  void answersHostileBodiesInTheEnvelopeAndGoesOn(String what, byte[] body) throws Exception {
    var answer = product.post(CHAT, product.projectKey(), body);

    assertThat(answer.statusCode()).as(what).isBetween(400, 499);
    var error = product.json(answer).get("error");
    assertThat(error.get("message").asText()).isNotBlank();
    assertThat(error.has("type") && error.has("param") && error.has("code")).isTrue();
    assertThat(product.get("/healthz", "").statusCode()).isEqualTo(200);
  }

  private static long tokens(String field) throws Exception {
    var page =
        product.json(
            product.get(
                "/v1/organization/usage/completions?limit=31&start_time=" + monthAgo(),
                product.adminKey()));
    long sum = 0;
    for (var value : page.findValues(field)) {
      sum += value.asLong();
    }
    return sum;
  }

  private static long monthAgo() {
    return Instant.now().minus(Duration.ofDays(29)).getEpochSecond();
  }

  private static JsonNode tree(String json) {
    try {
      return RunningProduct.JSON.readTree(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
