package dev.postern.gateway;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.admin.ConsoleSessions;
import dev.postern.gateway.inspect.PolicyInspector;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.gateway.testing.TestClient;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.Models;
import dev.postern.registry.Registry;
import dev.postern.registry.RoutePlan;
import dev.postern.registry.RunnerDirectory;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import dev.postern.runners.testing.FakeRunner;
import dev.postern.runners.testing.FakeRunner.Usage;
import dev.postern.runners.wire.CallerHeaders;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.Bootstrap;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Organisation;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Project;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.UsageEvent.Outcome;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The gateway on real keys, limits, ledger and routes in PostgreSQL, with a scripted runner. */
class GatewayIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String MODEL = "chat";
  private static final String DIGEST = "sha256:" + "a".repeat(64);
  private static final InstantSource CLOCK = InstantSource.system();

  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static Vertx vertx;
  private static Tenancy tenancy;
  private static Registry registry;
  private static Bootstrap.Created home;
  private static Principal admin;

  private FakeRunner runner;
  private Gateway gateway;
  private Project project;
  private String key;
  private TestClient client;

  @BeforeAll
  static void open() {
    vertx = Vertx.vertx();
    tenancy = TestTenancy.open(vertx, POSTGRES, CLOCK);
    registry = await(Registry.open(vertx, tenancy, CLOCK));
    home = await(tenancy.bootstrap().run("Acme", "admin@example.com")).orElseThrow();
    admin = TestTenancy.admin(home.organisation());
    var version = new ModelVersion(DIGEST, "tiny", ModelVersion.Role.CHAT, 2048, 8, Instant.EPOCH);
    await(registry.models().register(new Models.Stored(version, "tiny", new JsonObject())));
    await(registry.deployments().put(home.organisation().id(), MODEL, DIGEST));
    for (var kind : List.of(Prices.Kind.INPUT, Prices.Kind.OUTPUT)) {
      await(tenancy.prices().add(admin, MODEL, kind, new BigDecimal("1000"), null));
    }
  }

  @AfterAll
  static void close() {
    registry.close();
    await(tenancy.close());
    await(vertx.close());
  }

  /** A project of its own for each test, so that limits and events do not mix. */
  @BeforeEach
  void start() {
    runner = FakeRunner.start(vertx);
    await(
        registry
            .runners()
            .register(
                "runner", runner.uri(), List.of(new RunnerDirectory.Served(DIGEST, "tiny@1"))));
    project = await(tenancy.projects().create(admin, "test"));
    key = issue(admin, project.id()).secret();
    var inspector = new PolicyInspector(new RuleDetectors());
    var runners = RunnerPool.create(vertx, RunnerPoolConfig.defaults(null));
    var files = new AdapterFiles(Path.of("target", "adapters"));
    var services =
        new GatewayServices(
            tenancy.apiKeys(),
            new ConsoleSessions(tenancy.sessions(), tenancy.projects()),
            tenancy.quotas(),
            tenancy.ledger(),
            tenancy.securityEvents(),
            tenancy.auditLog(),
            registry.routes(),
            registry.policies(),
            inspector,
            inspector,
            runners,
            new AdapterSupply(vertx, runners, files),
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            () -> true,
            CLOCK,
            tenancy.ids());
    gateway = await(Gateway.start(vertx, GatewayConfig.on("127.0.0.1", 0), services, List.of()));
    client = new TestClient(gateway.port(), key);
    awaitRoute();
  }

  @AfterEach
  void stop() {
    await(gateway.stop());
    runner.close();
  }

  @Test
  void aChatIsAnsweredMeteredAndPriced() throws Exception {
    runner.streamReply(List.of("Par", "is"), new Usage(7, 2));

    var response = chat("");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("Paris");
    var entry = onlyEntry();
    assertThat(entry.event().promptTokens()).isEqualTo(7);
    assertThat(entry.event().completionTokens()).isEqualTo(2);
    assertThat(entry.event().outcome()).isEqualTo(Outcome.COMPLETED);
    assertThat(entry.event().version()).isEqualTo(DIGEST);
    assertThat(entry.event().subjectKind()).isEqualTo(Principal.Kind.PROJECT_KEY);
    assertThat(entry.amount()).isEqualByComparingTo("0.009");
    assertThat(CallerHeaders.read(runner.received().getFirst().headers()::get))
        .isEqualTo(CallerHeaders.of(project.id().value().toString()));
  }

  @Test
  void tellsTheRunnerTheShareAsSoonAsTheOperatorHasSetIt() throws Exception {
    assertThat(tier(chat(",\"service_tier\":\"priority\""))).isEqualTo("default");
    var share = new Limits.Share(7, true);
    await(tenancy.limits().putProjectLimits(admin, admin.tenant(), project.id(), 8, null, share));

    // The database tells the gateway within a second.
    while (!tier(chat(",\"service_tier\":\"priority\"")).equals("priority")) {
      assertThat(runner.received()).hasSizeLessThan(500);
    }

    var name = project.id().value().toString();
    assertThat(runner.received().stream().map(call -> CallerHeaders.read(call.headers()::get)))
        .startsWith(CallerHeaders.of(name))
        .endsWith(new CallerHeaders(name, 7, 1));
  }

  private static String tier(HttpResponse<String> response) throws Exception {
    return JSON.readTree(response.body()).path("service_tier").asText();
  }

  @Test
  void aStreamIsOnRecordBeforeItsLastByte() throws Exception {
    runner.streamReply(List.of("a", "b", "c"), new Usage(3, 3));

    var response = chat(",\"stream\":true,\"stream_options\":{\"include_usage\":true}");

    assertThat(response.body()).contains("\"total_tokens\":6").endsWith("data: [DONE]\n\n");
    var event = onlyEntry().event();
    assertThat(event.streamed()).isTrue();
    assertThat(event.completionTokens()).isEqualTo(3);
    assertThat(event.stageMicros()).containsKeys("authenticate", "admit", "generate");
  }

  @Test
  void requestsBeyondTheMinutesLimitAreRefusedWithTheWayOut() throws Exception {
    await(tenancy.limits().updateRateLimit(admin, project.id(), MODEL, 2L, null));

    var first = chat("");
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(first.headers().firstValue("x-ratelimit-limit-requests")).contains("2");
    assertThat(chat("").statusCode()).isEqualTo(200);
    var refused = chat("");

    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(error(refused).path("code").asText()).isEqualTo("rate_limit_exceeded");
    assertThat(error(refused).path("type").asText()).isEqualTo("requests");
    assertThat(refused.headers().firstValue("retry-after")).isPresent();
    assertThat(refused.headers().firstValue("x-ratelimit-remaining-requests")).contains("0");
    assertThat(entries()).hasSize(2);
  }

  @Test
  void aSpentBudgetIsInsufficientQuota() throws Exception {
    await(
        tenancy
            .limits()
            .putProjectLimits(
                admin, admin.tenant(), project.id(), 8, new BigDecimal("0.05"), null));
    runner.streamReply(List.of("a"), new Usage(30, 15));
    // 45 tokens at a thousand dollars a million leave too little for another of these.
    assertThat(chat(",\"max_completion_tokens\":15").statusCode()).isEqualTo(200);

    var refused = chat(",\"max_completion_tokens\":15");

    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(error(refused).path("code").asText()).isEqualTo("insufficient_quota");
    assertThat(refused.headers().firstValue("x-should-retry")).contains("false");
  }

  @Test
  void aRevokedKeyIsDeadAndLooksLikeAnUnknownOne() throws Exception {
    var other = issue(admin, project.id());
    var holder = new TestClient(gateway.port(), other.secret());
    assertThat(holder.get("/v1/models").statusCode()).isEqualTo(200);

    await(tenancy.apiKeys().revoke(admin, project.id(), other.key().id()));

    var revoked = holder.get("/v1/models");
    var unknown = new TestClient(gateway.port(), "sk-proj-unknown").get("/v1/models");
    assertThat(revoked.statusCode()).isEqualTo(401);
    assertThat(revoked.body()).isEqualTo(unknown.body());
  }

  @Test
  void aSecondTenantSeesNothingOfTheFirst() throws Exception {
    chat("");
    var rival = await(tenancy.organisations().create("Rival"));
    var rivalAdmin = TestTenancy.admin(rival);
    var rivalProject = await(tenancy.projects().create(rivalAdmin, "p"));
    var stranger = new TestClient(gateway.port(), issue(rivalAdmin, rivalProject.id()).secret());

    assertThat(JSON.readTree(stranger.get("/v1/models").body()).path("data")).isEmpty();
    var refused = stranger.post("/v1/chat/completions", body(""));
    assertThat(refused.statusCode()).isEqualTo(404);
    assertThat(error(refused).path("code").asText()).isEqualTo("model_not_found");
    assertThat(entriesOf(rival)).isEmpty();
  }

  @Test
  void aClientThatLeavesIsMeteredForWhatItGot() throws Exception {
    runner.slowReply(
        Stream.generate(() -> "word ").limit(1000).toList(),
        new Usage(5, 1000),
        Duration.ofMillis(5));
    try (var socket = client.open("/v1/chat/completions", body(",\"stream\":true"))) {
      TestClient.readUntil(socket, "word");
    }

    runner.received().getLast().awaitCancelled();
    var event = awaitEntry().event();
    assertThat(event.outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(event.completionTokens()).isBetween(1L, 999L);
  }

  @Test
  void findingsAreOnRecordWithTheirCall() throws Exception {
    var policy = new GuardrailPolicy(0, Map.of("pii.email", Action.REDACT), List.of());
    await(registry.policies().replace(home.organisation().id(), project.id(), policy));
    runner.streamReply(List.of("Mail jane", ".roe@exam", "ple.com."), new Usage(5, 3));

    var response = chat(",\"stream\":true");

    assertThat(response.body()).doesNotContain("jane").doesNotContain("example");
    var event = onlyEntry().event();
    assertThat(event.verdict()).isEqualTo("redact");
    var events =
        await(
            tenancy
                .securityEvents()
                .list(home.organisation().id(), project.id(), null, null, null, 10));
    assertThat(events.data())
        .singleElement()
        .satisfies(finding -> {
          assertThat(finding.requestId()).isEqualTo(event.id());
          assertThat(finding.detector()).isEqualTo("pii.email");
          assertThat(finding.stage()).isEqualTo("output");
        });
  }

  @Test
  void aRunnerThatIsGoneIsA503AndStillOnRecord() throws Exception {
    runner.close();

    var response = chat("");

    assertThat(response.statusCode()).isEqualTo(503);
    assertThat(response.headers().firstValue("retry-after")).isPresent();
    assertThat(onlyEntry().event().outcome()).isEqualTo(Outcome.FAILED);
  }

  private static ApiKeys.Issued issue(Principal actor, ProjectId project) {
    return await(tenancy.apiKeys().issueForProject(actor, project, "test", null));
  }

  /** The directory tells the gateway of the new runner by a notification. */
  private void awaitRoute() {
    var deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (System.nanoTime() < deadline) {
      var candidates =
          await(
              registry
                  .routes()
                  .resolve(home.organisation().id(), MODEL)
                  .map(RoutePlan::candidates)
                  // The news of the deployment may still be on its way.
                  .otherwise(List.of()));
      if (candidates.stream().anyMatch(c -> c.baseUri().equals(runner.uri()))) {
        return;
      }
      Thread.onSpinWait();
    }
    throw new AssertionError("the runner did not appear in 10 s");
  }

  private HttpResponse<String> chat(String fields) {
    return client.post("/v1/chat/completions", body(fields));
  }

  private static String body(String fields) {
    return "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]%s}"
        .formatted(MODEL, fields);
  }

  private Requests.Entry onlyEntry() {
    var entries = entries();
    assertThat(entries).hasSize(1);
    return entries.getFirst();
  }

  private Requests.Entry awaitEntry() {
    var deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (entries().isEmpty() && System.nanoTime() < deadline) {
      Thread.onSpinWait();
    }
    return onlyEntry();
  }

  private List<Requests.Entry> entries() {
    return entriesOf(home.organisation()).stream()
        .filter(entry -> entry.event().project().equals(project.id()))
        .toList();
  }

  private static List<Requests.Entry> entriesOf(Organisation organisation) {
    return await(tenancy.requests().list(organisation.id(), Requests.Filter.ALL, null, 100)).data();
  }

  private static JsonNode error(HttpResponse<String> response) throws IOException {
    return JSON.readTree(response.body()).path("error");
  }
}
