package dev.postern.gateway.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.testing.FakeQuotas;
import dev.postern.gateway.testing.GatewayBed;
import dev.postern.gateway.testing.TestClient;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.runners.testing.FakeReply;
import dev.postern.runners.testing.FakeRunner.Usage;
import dev.postern.runners.wire.CallerHeaders;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.UsageEvent.Outcome;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The whole way of a request over real HTTP, from a client to a scripted runner and back. */
class InferenceIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String STREAM = ",\"stream\":true";
  private static final String STREAM_WITH_USAGE =
      ",\"stream\":true,\"stream_options\":{\"include_usage\":true}";

  private GatewayBed bed;

  @BeforeEach
  void start() {
    bed = new GatewayBed();
  }

  @AfterEach
  void stop() {
    bed.close();
  }

  @Test
  void answersAChatUnderItsOwnNameAndMetersWhatTheRunnerCounted() throws Exception {
    bed.runner.streamReply(List.of("Par", "is"), new Usage(7, 2));

    var response = bed.chat("");

    assertThat(response.statusCode()).isEqualTo(200);
    var answer = JSON.readTree(response.body());
    var event = bed.ledger.next();
    assertThat(answer.path("id").asText())
        .isEqualTo("chatcmpl-" + event.id().toString().replace("-", ""));
    assertThat(answer.path("object").asText()).isEqualTo("chat.completion");
    assertThat(answer.path("model").asText()).isEqualTo(GatewayBed.MODEL);
    assertThat(answer.path("choices").path(0).path("message").path("content").asText())
        .isEqualTo("Paris");
    assertThat(answer.path("usage").path("total_tokens").asInt()).isEqualTo(9);
    assertThat(answer.has("postern")).isFalse();
    assertThat(event.outcome()).isEqualTo(Outcome.COMPLETED);
    assertThat(event.tenant()).isEqualTo(GatewayBed.TENANT);
    assertThat(event.project()).isEqualTo(GatewayBed.PROJECT);
    assertThat(event.promptTokens()).isEqualTo(7);
    assertThat(event.completionTokens()).isEqualTo(2);
    assertThat(event.runnerCpuMicros()).isEqualTo(1000);
    assertThat(event.httpStatus()).isEqualTo(200);
    assertThat(event.version()).startsWith("sha256:");
    assertThat(event.stageMicros().keySet())
        .containsExactly(
            "authenticate",
            "read",
            "route",
            "admit",
            "inspect_prompt",
            "generate",
            "inspect_output");
  }

  @Test
  void everyAnswerCarriesTheHeadersOfTheApi() {
    var response = bed.chat(STREAM);

    var headers = response.headers();
    assertThat(headers.firstValue("x-request-id")).get().asString().matches("req_[0-9a-f]{32}");
    assertThat(headers.firstValue("openai-version")).contains("2020-10-01");
    assertThat(headers.firstValue("openai-processing-ms")).get().asString().matches("\\d+");
    assertThat(headers.firstValue("openai-organization")).get().asString().startsWith("org-");
    assertThat(headers.firstValue("x-ratelimit-limit-requests")).contains("60");
    assertThat(headers.firstValue("x-ratelimit-remaining-tokens")).contains("9000");
    assertThat(headers.firstValue("x-ratelimit-reset-requests")).contains("1s");
    assertThat(headers.firstValue("x-ratelimit-reset-tokens")).contains("7s");
  }

  @Test
  void streamsWithUsageOnlyWhenAskedFor() throws Exception {
    bed.runner.streamReply(List.of("Par", "is"), new Usage(7, 2));

    var response = bed.chat(STREAM_WITH_USAGE);

    assertThat(response.headers().firstValue("content-type").orElseThrow())
        .startsWith("text/event-stream");
    assertThat(response.headers().firstValue("x-accel-buffering")).contains("no");
    var chunks = chunks(response);
    assertThat(text(chunks)).isEqualTo("Paris");
    assertThat(chunks.getFirst().path("choices").path(0).path("delta").path("role").asText())
        .isEqualTo("assistant");
    var usage = chunks.getLast();
    assertThat(usage.path("choices")).isEmpty();
    assertThat(usage.path("usage").path("prompt_tokens").asInt()).isEqualTo(7);
    assertThat(usage.path("usage").path("completion_tokens").asInt()).isEqualTo(2);
    assertThat(chunks.subList(0, chunks.size() - 1))
        .allSatisfy(chunk -> assertThat(chunk.get("usage").isNull()).isTrue());
    assertThat(chunks.stream().map(chunk -> chunk.path("id").asText()).distinct()).hasSize(1);
    assertThat(chunks).allSatisfy(c -> assertThat(c.has("postern")).isFalse());
    var event = bed.ledger.next();
    assertThat(event.streamed()).isTrue();
    assertThat(event.completionTokens()).isEqualTo(2);
    assertThat(event.firstTokenMicros()).isPositive();

    assertThat(chunks(bed.chat(STREAM)))
        .hasSize(chunks.size() - 1)
        .allSatisfy(chunk -> assertThat(chunk.has("usage")).isFalse());
    assertThat(bed.runner.received().getLast().body().path("stream_options").toString())
        .isEqualTo("{\"include_usage\":true}");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 64, 1000})
  void streamsTheSameHoweverTheNetworkCutsIt(int bytes) throws Exception {
    bed.runner.reply(
        FakeReply.text(List.of("Grüße ", "an ", "😀", " und alle."), new Usage(4, 4))
            .splitEvery(bytes));

    assertThat(text(chunks(bed.chat(STREAM)))).isEqualTo("Grüße an 😀 und alle.");
  }

  @Test
  void theLastByteWaitsForTheLedger() throws Exception {
    var gate = bed.ledger.holdUp();
    try (var socket = bed.client.open("/v1/chat/completions", GatewayBed.chatBody(STREAM))) {
      bed.ledger.next();
      var early = TestClient.readUntil(socket, "there");
      assertThat(early).contains("Hello").doesNotContain("[DONE]").doesNotContain("\"stop\"");

      gate.complete();

      var rest = TestClient.readUntil(socket, "[DONE]");
      assertThat(rest).contains("\"finish_reason\":\"stop\"");
    }
  }

  @Test
  void anAnswerThatCannotBeRecordedIsNotGiven() throws Exception {
    bed.ledger.breakDown();

    assertThat(bed.chat("").statusCode()).isEqualTo(503);
    assertThat(bed.chat(STREAM).body()).contains("\"error\"").doesNotContain("[DONE]");
  }

  @Test
  void sendsTheRunnerWhatWasGrantedAndNothingThatIsOurs() {
    bed.quotas.grantAtMost(100);

    bed.chat(
        ",\"n\":2,\"user\":\"u\",\"metadata\":{\"a\":\"b\"},\"store\":true,\"max_tokens\":null");

    var sent = bed.runner.received().getLast();
    assertThat(sent.body().path("model").asText()).isEqualTo(GatewayBed.MODEL + "@v1");
    assertThat(sent.body().path("max_completion_tokens").asInt()).isEqualTo(50);
    assertThat(sent.body().has("max_tokens")).isFalse();
    assertThat(sent.body().has("user")).isFalse();
    assertThat(sent.body().has("metadata")).isFalse();
    assertThat(sent.body().has("store")).isFalse();
    assertThat(sent.headers().get("x-request-id")).startsWith("req_");
    assertThat(sent.headers().get("authorization")).isNull();
  }

  @Test
  void demandsExactlyTheStatedLimitAndUpToTheContextWithout() {
    bed.chat(",\"max_completion_tokens\":10,\"n\":3");
    bed.chat("");

    var stated = bed.quotas.demands().getFirst();
    assertThat(stated.minCompletionTokens()).isEqualTo(30);
    assertThat(stated.maxCompletionTokens()).isEqualTo(30);
    var open = bed.quotas.demands().getLast();
    assertThat(open.minCompletionTokens()).isEqualTo(Admit.SHORTEST_ANSWER);
    assertThat(open.maxCompletionTokens()).isEqualTo(2048);
    assertThat(open.promptTokens()).isPositive();
  }

  @ParameterizedTest
  @CsvSource({
    "auto,       false, default,   0",
    "default,    true,  default,   0",
    "flex,       false, flex,     -1",
    "scale,      true,  default,   0",
    "priority,   false, default,   0",
    "priority,   true,  priority,  1"
  })
  void servesTheTierThatTheProjectMayHaveAndSaysWhichItWas(
      String asked, boolean allowed, String served, int priority) throws Exception {
    bed.quotas.share(new Limits.Share(3, allowed));
    var tier = ",\"service_tier\":\"" + asked + "\"";

    var answer = JSON.readTree(bed.chat(tier).body());
    var streamed = chunks(bed.chat(tier + STREAM));
    var completion =
        bed.client.post(
            "/v1/completions",
            "{\"model\":\"" + GatewayBed.MODEL + "\",\"prompt\":\"x\"" + tier + "}");

    assertThat(answer.path("service_tier").asText()).isEqualTo(served);
    assertThat(streamed)
        .allSatisfy(chunk -> assertThat(chunk.path("service_tier").asText()).isEqualTo(served));
    assertThat(JSON.readTree(completion.body()).path("service_tier").asText()).isEqualTo(served);
    assertThat(bed.runner.received())
        .hasSize(3)
        .allSatisfy(request ->
            assertThat(CallerHeaders.read(request.headers()::get))
                .isEqualTo(new CallerHeaders(GatewayBed.PROJECT.value().toString(), 3, priority)));
  }

  @Test
  void namesNoTierToWhoAskedForNone() throws Exception {
    assertThat(JSON.readTree(bed.chat("").body()).has("service_tier")).isFalse();
  }

  @Test
  void answersCompletionsAndEmbeddings() throws Exception {
    var completion =
        bed.client.post(
            "/v1/completions", "{\"model\":\"" + GatewayBed.MODEL + "\",\"prompt\":\"Say hello\"}");
    assertThat(completion.statusCode()).isEqualTo(200);
    assertThat(JSON.readTree(completion.body()).path("id").asText()).startsWith("cmpl-");
    assertThat(bed.ledger.next().endpoint()).isEqualTo(UsageEvent.Endpoint.COMPLETIONS);

    var embedding =
        bed.client.post(
            "/v1/embeddings",
            "{\"model\":\"" + GatewayBed.EMBED_MODEL + "\",\"input\":[\"a\",\"b\"]}");
    assertThat(embedding.statusCode()).isEqualTo(200);
    var vectors = JSON.readTree(embedding.body());
    assertThat(vectors.path("data")).hasSize(2);
    assertThat(vectors.path("model").asText()).isEqualTo(GatewayBed.EMBED_MODEL);
    assertThat(vectors.has("id")).isFalse();
    assertThat(bed.ledger.next().promptTokens()).isEqualTo(4);
  }

  @Test
  void metersAnExplanationByAllThatTheModelReadAndHidesWhatRunnersTell() throws Exception {
    bed.runner.statusReply(
        200,
        """
        {"object":"postern.explanation","model":"tiny@1","answer":{"text":"Paris","tokens":[]},
         "usage":{"prompt_tokens":640,"completion_tokens":3},"postern":{"cpu_us":77000}}\
        """);
    var answer =
        bed.client.post(
            "/v1/postern/explain",
            "{\"model\":\"" + GatewayBed.MODEL + "\",\"prompt\":\"France\",\"max_tokens\":3}");
    assertThat(answer.statusCode()).isEqualTo(200);
    var document = JSON.readTree(answer.body());
    assertThat(document.path("model").asText()).isEqualTo(GatewayBed.MODEL);
    assertThat(document.has("postern")).isFalse();
    var asked = bed.runner.awaitRequest(1);
    assertThat(bed.auditLog.acts())
        .singleElement()
        .satisfies(act -> {
          assertThat(act.type()).isEqualTo("model.explained");
          assertThat(act.project()).isEqualTo(GatewayBed.PROJECT);
          assertThat(act.resource()).isEqualTo(GatewayBed.MODEL);
          assertThat(act.detail().encode()).contains("req_", "sha256:").doesNotContain("France");
        });
    assertThat(asked.path()).isEqualTo("/v1/postern/explain");
    assertThat(asked.body().path("prompt").asText()).isEqualTo("France");
    var usage = bed.ledger.next();
    assertThat(usage.endpoint()).isEqualTo(UsageEvent.Endpoint.EXPLAIN);
    assertThat(usage.promptTokens()).isEqualTo(640);
    assertThat(usage.completionTokens()).isEqualTo(3);
    assertThat(usage.runnerCpuMicros()).isEqualTo(77_000);
  }

  @Test
  void explainsNothingToStrangersNorModelsThatAreNotTheirs() throws Exception {
    var path = "/v1/postern/explain";
    var body = "{\"model\":\"" + GatewayBed.MODEL + "\",\"prompt\":\"France\"}";
    var other = new TestClient(bed.gateway.port(), GatewayBed.OTHER_KEY).post(path, body);
    assertThat(other.statusCode()).isEqualTo(404);
    assertThat(error(other).path("code").asText()).isEqualTo("model_not_found");
    for (var key : List.of("", "sk-proj-nobody", GatewayBed.ADMIN_KEY)) {
      assertThat(new TestClient(bed.gateway.port(), key).post(path, body).statusCode())
          .isIn(401, 403);
    }
    var foreign = bed.client.post(path, body.replace(GatewayBed.MODEL, "not-ours"));
    assertThat(foreign.statusCode()).isEqualTo(404);
    var wrong = bed.client.post("/v1/postern/explain", "{\"model\":\"" + GatewayBed.MODEL + "\"}");
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(bed.runner.received()).isEmpty();
    assertThat(bed.auditLog.acts()).isEmpty();
  }

  @Test
  void probesOfWhatAModelKnowsAreOnRecordOrDoNotHappen() throws Exception {
    bed.runner.statusReply(200, "{\"object\":\"postern.memorisation\"}");
    var probe = "{\"model\":\"" + GatewayBed.MODEL + "\",\"text\":\"my card is 4929\"}";
    assertThat(bed.client.post("/v1/postern/explain", probe).statusCode()).isEqualTo(200);
    assertThat(bed.auditLog.acts())
        .extracting(AuditLog.Change::type)
        .containsExactly("model.probed");

    bed.auditLog.breakDown();
    assertThat(bed.client.post("/v1/postern/explain", probe).statusCode()).isEqualTo(503);
    assertThat(bed.runner.received()).hasSize(1);
    assertThat(bed.chat("").statusCode()).isEqualTo(200);
  }

  @Test
  void asksTheNextRunnerWhenTheFirstIsDownOrBreaksBeforeItsFirstToken() throws Exception {
    bed.runner.failAfter(0);
    bed.spare.streamReply(List.of("from ", "the spare"), new Usage(1, 2));

    assertThat(text(chunks(bed.chat(STREAM)))).isEqualTo("from the spare");
    assertThat(bed.chat("").body()).contains("from the spare");
    assertThat(bed.ledger.next().outcome()).isEqualTo(Outcome.COMPLETED);
  }

  @Test
  void aRunnerThatBreaksHalfWayEndsTheStreamWithAnErrorAndIsChargedForWhatCame() throws Exception {
    bed.runner.failAfter(2);

    var response = bed.chat(STREAM);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("one ").doesNotContain("[DONE]");
    var error = chunks(response).getLast().path("error");
    assertThat(error.path("code").asText()).isEqualTo("server_is_overloaded");
    assertThat(error.path("message").asText()).doesNotContain("runner-0");
    var event = bed.ledger.next();
    assertThat(event.outcome()).isEqualTo(Outcome.FAILED);
    assertThat(event.completionTokens()).isEqualTo(2);
    assertThat(event.promptTokens()).isEqualTo(bed.quotas.demands().getFirst().promptTokens());
    assertThat(event.errorCode()).isEqualTo("server_is_overloaded");
    assertThat(event.httpStatus()).isEqualTo(200);
  }

  @Test
  void noRunnerAtAllIsA503ThatSaysWhenToComeBack() throws Exception {
    var response =
        bed.client.post(
            "/v1/chat/completions",
            "{\"model\":\"nowhere\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.headers().firstValue("retry-after")).contains("1");
    assertThat(response.headers().firstValue("x-ratelimit-limit-requests")).contains("60");
    assertThat(error(response).path("message").asText()).contains("req_");
    assertThat(bed.ledger.next().outcome()).isEqualTo(Outcome.FAILED);
  }

  @Test
  void theRunnersRefusalReachesTheClientInItsOwnWords() throws Exception {
    bed.runner.statusReply(
        400,
        """
        {"error":{"message":"too long","type":"invalid_request_error","param":"messages",\
        "code":"context_length_exceeded"}}\
        """);

    var response = bed.chat("");

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(error(response).path("code").asText()).isEqualTo("context_length_exceeded");
    assertThat(error(response).path("param").asText()).isEqualTo("messages");
  }

  @Test
  void aClientThatLeavesStopsTheRunnerAndPaysForWhatItGot() throws Exception {
    bed.runner.slowReply(
        Stream.generate(() -> "word ").limit(1000).toList(),
        new Usage(5, 1000),
        Duration.ofMillis(5));
    try (var socket = bed.client.open("/v1/chat/completions", GatewayBed.chatBody(STREAM))) {
      TestClient.readUntil(socket, "word");
    }

    bed.runner.received().getFirst().awaitCancelled();
    var event = bed.ledger.next();
    assertThat(event.outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(event.completionTokens()).isBetween(1L, 999L);
  }

  @Test
  void aClientThatLeavesBeforeAWholeAnswerStopsTheRunner() throws Exception {
    bed.runner.hang();
    var socket = bed.client.open("/v1/chat/completions", GatewayBed.chatBody(""));
    bed.runner.awaitRequest(1);
    socket.close();

    bed.runner.received().getFirst().awaitCancelled();
    var event = bed.ledger.next();
    assertThat(event.outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(event.httpStatus()).isEqualTo(499);
    assertThat(bed.spare.received()).isEmpty();
  }

  @Test
  void aSpentLimitIsA429WithEverythingNeededToWait() throws Exception {
    bed.quotas.refuse(
        new TenancyFailure.LimitReached(
            TenancyFailure.Metric.TOKENS_PER_MINUTE,
            "project p",
            10_000,
            12,
            false,
            Duration.ofMillis(1_500),
            FakeQuotas.STATUS));

    var response = bed.chat(STREAM);

    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(error(response).path("type").asText()).isEqualTo("tokens");
    assertThat(error(response).path("code").asText()).isEqualTo("rate_limit_exceeded");
    assertThat(response.headers().firstValue("retry-after-ms")).contains("1500");
    assertThat(response.headers().firstValue("retry-after")).contains("2");
    assertThat(response.headers().firstValue("x-ratelimit-limit-tokens")).contains("10000");
    assertThat(bed.runner.received()).isEmpty();
    assertThat(bed.ledger.isEmpty()).isTrue();
  }

  @Test
  void aSpentBudgetTellsClientsNotToRetry() throws Exception {
    bed.quotas.refuse(
        new TenancyFailure.BudgetSpent(
            BigDecimal.TEN, new BigDecimal("10.01"), "usd", 42, FakeQuotas.STATUS));

    var response = bed.chat("");

    assertThat(response.statusCode()).isEqualTo(429);
    assertThat(error(response).path("code").asText()).isEqualTo("insufficient_quota");
    assertThat(error(response).path("message").asText()).contains("42");
    assertThat(response.headers().firstValue("x-should-retry")).contains("false");
  }

  @Test
  void aBlockedPromptReachesNoRunnerAndIsOnRecord() throws Exception {
    bed.registry.policy(
        new GuardrailPolicy(1, Map.of("topic.block_list", Action.BLOCK), List.of("hello")));

    var response = bed.chat("");

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(error(response).path("code").asText()).isEqualTo("content_policy_violation");
    assertThat(error(response).path("message").asText()).contains("topic.block_list");
    assertThat(bed.runner.received()).isEmpty();
    var event = bed.ledger.next();
    assertThat(event.outcome()).isEqualTo(Outcome.PROMPT_BLOCKED);
    assertThat(event.verdict()).isEqualTo("block");
    assertThat(event.promptTokens()).isZero();
    assertThat(bed.ledger.findings())
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.requestId()).isEqualTo(event.id());
          assertThat(finding.detector()).isEqualTo("topic.block_list");
          assertThat(finding.action()).isEqualTo("block");
          assertThat(finding.stage()).isEqualTo("prompt");
        });
  }

  @Test
  void redactsThePromptBeforeARunnerSeesIt() throws Exception {
    bed.registry.policy(new GuardrailPolicy(1, Map.of("pii.email", Action.REDACT), List.of()));

    bed.client.post(
        "/v1/chat/completions",
        """
        {"model":"%s","messages":[{"role":"system","content":"Be short."},
         {"role":"user","content":[{"type":"text","text":"Write to jane.roe@example.com now"}]}]}
        """
            .formatted(GatewayBed.MODEL));

    var messages = bed.runner.received().getFirst().body().path("messages");
    assertThat(messages.path(0).path("content").asText()).isEqualTo("Be short.");
    assertThat(messages.path(1).path("role").asText()).isEqualTo("user");
    assertThat(messages.path(1).path("content").asText())
        .startsWith("Write to ")
        .endsWith(" now")
        .doesNotContain("jane.roe");
    assertThat(bed.ledger.next().verdict()).isEqualTo("redact");
  }

  @Test
  void redactsAStreamAcrossEverySplitOfTheText() throws Exception {
    bed.registry.policy(new GuardrailPolicy(1, Map.of("pii.email", Action.REDACT), List.of()));
    var text = "Ask jane.roe@example.com today.";
    for (var i = 1; i < text.length(); i++) {
      bed.runner.streamReply(List.of(text.substring(0, i), text.substring(i)), new Usage(1, 2));
    }

    for (var i = 1; i < text.length(); i++) {
      assertThat(text(chunks(bed.chat(STREAM))))
          .startsWith("Ask ")
          .endsWith(" today.")
          .doesNotContain("jane")
          .doesNotContain("example");
    }
  }

  @Test
  void aBlockedAnswerEndsTheStreamAsContentFilterAndStopsTheRunner() throws Exception {
    bed.registry.policy(new GuardrailPolicy(1, Map.of("pii.email", Action.BLOCK), List.of()));
    bed.runner.slowReply(
        Stream.concat(
                Stream.of("Ask ", "jane.roe@example.com", " now. "),
                Stream.generate(() -> "more ").limit(1000))
            .toList(),
        new Usage(1, 1003),
        Duration.ofMillis(2));

    var chunks = chunks(bed.chat(STREAM_WITH_USAGE));

    assertThat(text(chunks)).doesNotContain("jane");
    assertThat(chunks.get(chunks.size() - 2).path("choices").path(0).path("finish_reason").asText())
        .isEqualTo("content_filter");
    bed.runner.received().getFirst().awaitCancelled();
    var event = bed.ledger.next();
    assertThat(event.outcome()).isEqualTo(Outcome.OUTPUT_BLOCKED);
    assertThat(event.verdict()).isEqualTo("block");
    assertThat(chunks.getLast().path("usage").path("completion_tokens").asLong())
        .isEqualTo(event.completionTokens());
  }

  @Test
  void aConsoleSessionMayCallForAProjectItNames() throws Exception {
    var body = HttpRequest.BodyPublishers.ofString(GatewayBed.chatBody(""));
    var asSession =
        HttpRequest.newBuilder(bed.client.uri("/v1/chat/completions"))
            .header("Cookie", "postern_session=" + GatewayBed.SESSION)
            .header("x-postern-csrf", GatewayBed.CSRF)
            .POST(body);
    assertThat(bed.client.send(asSession.copy().build()).statusCode()).isEqualTo(400);

    var named =
        asSession.copy().header("OpenAI-Project", "proj_00000000000000010000000000000002").build();
    assertThat(bed.client.send(named).statusCode()).isEqualTo(200);
    var event = bed.ledger.next();
    assertThat(event.subjectKind()).isEqualTo(Principal.Kind.SESSION);
    assertThat(event.project()).isEqualTo(GatewayBed.PROJECT);
  }

  @Test
  void anotherTenantsModelLooksLikeOneThatDoesNotExist() throws Exception {
    var foreign =
        HttpRequest.newBuilder(bed.client.uri("/v1/chat/completions"))
            .header("Authorization", "Bearer " + GatewayBed.OTHER_KEY)
            .POST(HttpRequest.BodyPublishers.ofString(GatewayBed.chatBody("")))
            .build();

    var response = bed.client.send(foreign);

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(error(response).path("code").asText()).isEqualTo("model_not_found");
    assertThat(bed.quotas.demands()).isEmpty();
  }

  private static JsonNode error(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body()).path("error");
  }

  private static List<JsonNode> chunks(HttpResponse<String> response) {
    return response
        .body()
        .lines()
        .filter(line -> line.startsWith("data: ") && !line.equals("data: [DONE]"))
        .map(line -> read(line.substring("data: ".length())))
        .toList();
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new AssertionError(json, e);
    }
  }

  private static String text(List<JsonNode> chunks) {
    return chunks.stream()
        .map(chunk -> chunk.path("choices").path(0).path("delta").path("content").asText(""))
        .reduce("", String::concat);
  }
}
