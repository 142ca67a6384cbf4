package dev.postern.gateway.admin;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.gateway.Gateway;
import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.GatewayServices;
import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.inspect.PolicyInspector;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.registry.Adapter;
import dev.postern.registry.Adapters;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.Models;
import dev.postern.registry.Registry;
import dev.postern.registry.RunnerDirectory;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Organisation;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** A project's adapters from the upload to a developer's call, and who cannot see them. */
class AdapterRoutesIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PATH = "/v1/postern/adapters";
  private static final String DIGEST = "sha256:" + "b".repeat(64);
  private static final InstantSource CLOCK = InstantSource.system();

  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  @TempDir private Path folder;
  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http = HttpClient.newHttpClient();
  private Tenancy tenancy;
  private Registry registry;
  private AdapterRunner runner;
  private Gateway gateway;
  private String base;
  private Side ours;
  private Side theirs;

  /** An organisation's project, and a key of each kind. */
  private record Side(Organisation organisation, ProjectId project, String key, String adminKey) {}

  @BeforeEach
  void start() {
    tenancy = TestTenancy.open(vertx, POSTGRES, CLOCK);
    registry = await(Registry.open(vertx, tenancy, CLOCK));
    runner = new AdapterRunner(vertx);
    base = "base-" + runner.uri().getPort();
    var version = new ModelVersion(DIGEST, "tiny", ModelVersion.Role.CHAT, 2048, 8, Instant.EPOCH);
    await(registry.models().register(new Models.Stored(version, "tiny", new JsonObject())));
    await(registry.deployments().put(null, base, DIGEST));
    ours = side("Ours");
    theirs = side("Theirs");
    await(
        tenancy
            .prices()
            .seedDefaults(
                List.of(
                    new Prices.Seed(base, Prices.Kind.INPUT, new BigDecimal("1000")),
                    new Prices.Seed(base, Prices.Kind.OUTPUT, new BigDecimal("2000")))));
    await(
        registry
            .runners()
            .register("r", runner.uri(), List.of(new RunnerDirectory.Served(DIGEST, "served"))));
    var pool = RunnerPool.create(vertx, RunnerPoolConfig.defaults(null));
    var files = new AdapterFiles(folder);
    var supply = new AdapterSupply(vertx, pool, files);
    var inspector = new PolicyInspector(new RuleDetectors());
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
            pool,
            supply,
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            () -> true,
            CLOCK,
            tenancy.ids());
    var routes =
        new AdapterRoutes(
            registry.adapters(),
            tenancy.projects(),
            registry.routes(),
            files,
            supply,
            CLOCK,
            tenancy.ids());
    gateway =
        await(Gateway.start(vertx, GatewayConfig.on("127.0.0.1", 0), services, List.of(routes)));
    eventually(() -> {
      var plan = registry.routes().resolve(ours.organisation().id(), base);
      return plan.succeeded()
          && plan.result().candidates().stream()
              .anyMatch(candidate -> candidate.baseUri().equals(runner.uri()));
    });
  }

  private Side side(String name) {
    var organisation = await(tenancy.organisations().create(name));
    var admin = TestTenancy.admin(organisation);
    var project = await(tenancy.projects().create(admin, name)).id();
    return new Side(
        organisation,
        project,
        await(tenancy.apiKeys().issueForProject(admin, project, "key", null)).secret(),
        await(tenancy.apiKeys().issueAdmin(admin, "admin", null)).secret());
  }

  @AfterEach
  void stop() {
    http.shutdownNow();
    await(gateway.stop());
    runner.close();
    registry.close();
    await(tenancy.close());
    await(vertx.close());
  }

  @Test
  void anUploadedAdapterIsCalledByItsNameAndChargedAsItsBase() throws Exception {
    var added = ok(upload(ours.key(), "support", "weights of support"));
    assertThat(added.path("model").asText()).isEqualTo(base + "@support");
    assertThat(added.path("project_id").asText()).isEqualTo(id(ours.project()));
    assertThat(added.path("rank").asInt()).isEqualTo(8);
    awaitCallable(ours, "support");

    var answer = ok(complete(ours.key(), base + "@support"));
    assertThat(answer.path("model").asText()).isEqualTo(base + "@support");
    assertThat(answer.at("/choices/0/text").asText())
        .isEqualTo("as served@" + added.path("digest").asText());
    assertThat(models(ours.key())).contains(base, base + "@support");
    assertThat(owner(ours.key(), base + "@support")).isEqualTo(id(ours.project()));
    var call = lastCall(ours);
    assertThat(call.event().model()).isEqualTo(base + "@support");
    // 5 tokens at 1,000 and 3 at 2,000 dollars a million.
    assertThat(call.amount()).isEqualByComparingTo("0.011");

    var dearer = TestTenancy.admin(ours.organisation());
    await(
        tenancy
            .prices()
            .add(dearer, base + "@support", Prices.Kind.OUTPUT, new BigDecimal("10000"), null));
    ok(complete(ours.key(), base + "@support"));
    assertThat(lastCall(ours).amount()).isEqualByComparingTo("0.035");
  }

  @Test
  void aRunnerThatHasLostAnAdapterIsGivenItAgain() throws Exception {
    ok(upload(ours.key(), "support", "weights of support"));
    awaitCallable(ours, "support");
    runner.kept.clear();

    ok(complete(ours.key(), base + "@support"));

    assertThat(runner.given).hasSize(2);
    assertThat(runner.kept).hasSize(1);
  }

  @Test
  void nobodyElseSeesOrCallsOrRemovesIt() throws Exception {
    var id = ok(upload(ours.key(), "support", "weights of support")).path("id").asText();
    awaitCallable(ours, "support");
    var admin = TestTenancy.admin(ours.organisation());
    var sibling = await(tenancy.projects().create(admin, "Sibling")).id();
    var siblingKey = await(tenancy.apiKeys().issueForProject(admin, sibling, "key", null)).secret();
    for (var key : List.of(theirs.key(), siblingKey)) {
      var known = complete(key, base + "@support");
      var unknown = complete(key, base + "@other");
      assertThat(known.statusCode()).isEqualTo(404);
      assertThat(code(known)).isEqualTo("model_not_found");
      assertThat(known.body().replace("support", "other")).isEqualTo(unknown.body());
      assertThat(complete(key, base + "@" + DIGEST).statusCode()).isEqualTo(404);
      assertThat(models(key)).contains(base).doesNotContain(base + "@support");
      assertThat(send(key, "GET", "/v1/models/" + base + "@support").statusCode()).isEqualTo(404);
      assertThat(ok(send(key, "GET", PATH)).path("data")).isEmpty();
      assertThat(send(key, "GET", PATH + "/" + id).statusCode()).isEqualTo(404);
      assertThat(send(key, "DELETE", PATH + "/" + id).statusCode()).isEqualTo(404);
      var narrowed = PATH + "?project_id=" + id(ours.project());
      assertThat(send(key, "GET", narrowed).statusCode()).isEqualTo(404);
      assertThat(upload(key, base, "mine", id(ours.project()), "weights").statusCode())
          .isEqualTo(404);
    }
    for (var path : List.of(PATH, PATH + "/" + id)) {
      assertThat(send(null, "GET", path).statusCode()).isEqualTo(401);
    }
    assertThat(send(null, "DELETE", PATH + "/" + id).statusCode()).isEqualTo(401);
    assertThat(upload(null, "mine", "weights").statusCode()).isEqualTo(401);
    assertThat(complete(null, base + "@support").statusCode()).isEqualTo(401);
    assertThat(send(theirs.adminKey(), "GET", PATH + "/" + id).statusCode()).isEqualTo(404);
    assertThat(ok(send(theirs.adminKey(), "GET", PATH)).path("data")).isEmpty();
    assertThat(ok(send(ours.adminKey(), "GET", PATH)).path("data")).hasSize(1);
    ok(complete(ours.key(), base + "@support"));
  }

  @Test
  void whatIsTakenAwayIsGoneEverywhereAndOnRecord() throws Exception {
    var first = ok(upload(ours.key(), "support", "weights of support"));
    // The same numbers of another organisation: taking one away leaves the other.
    ok(upload(theirs.key(), "mine", "weights of support"));
    awaitCallable(ours, "support");
    awaitCallable(theirs, "mine");

    ok(send(ours.key(), "DELETE", PATH + "/" + first.path("id").asText()));
    eventually(() -> complete(ours.key(), base + "@support").statusCode() == 404);
    assertThat(models(ours.key())).doesNotContain(base + "@support");
    runner.kept.clear();
    ok(complete(theirs.key(), base + "@mine"));

    var other = ok(send(theirs.key(), "GET", PATH)).at("/data/0/id").asText();
    ok(send(theirs.key(), "DELETE", PATH + "/" + other));
    eventually(() -> runner.kept.isEmpty() && files() == 0);
    assertThat(changes(ours)).containsExactly("adapter.removed", "adapter.imported");
    assertThat(send(ours.key(), "DELETE", PATH + "/" + first.path("id").asText()).statusCode())
        .isEqualTo(404);
  }

  @Test
  void whatCannotBeTakenIsRefusedAndLeavesNothing() throws Exception {
    var broken = upload(ours.key(), "support", "broken");
    assertThat(broken.statusCode()).isEqualTo(400);
    assertThat(broken.body()).contains("the adapter is broken");
    assertThat(upload(ours.key(), "Support!", "weights").statusCode()).isEqualTo(400);
    assertThat(upload(ours.key(), "nowhere", "m", null, "weights").statusCode()).isEqualTo(404);
    var half = "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n";
    var request =
        request(ours.key(), PATH).header("content-type", "multipart/form-data; boundary=b");
    assertThat(send(request.POST(HttpRequest.BodyPublishers.ofString(half))).statusCode())
        .isEqualTo(400);
    var plain = request(ours.key(), PATH).POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(send(plain).statusCode()).isEqualTo(400);
    eventually(() -> files() == 0);

    ok(upload(ours.key(), "support", "weights"));
    assertThat(code(upload(ours.key(), "support", "other weights"))).isEqualTo("conflict");
    assertThat(changes(ours)).containsExactly("adapter.imported");
  }

  @Test
  void thePagesOfAListAreInOrderAndTheProjectIsBounded() throws Exception {
    var admin = TestTenancy.admin(ours.organisation());
    for (int i = 0; i < Adapters.MAX_PER_PROJECT; i++) {
      var facts = new Adapter.Facts(DIGEST, 4, List.of("q"), 1, 4);
      await(
          registry
              .adapters()
              .add(
                  admin,
                  new Adapter(
                      tenancy.ids().next(),
                      ours.project(),
                      base,
                      "adapter-" + i,
                      facts,
                      Instant.EPOCH)));
    }
    var page = ok(send(ours.key(), "GET", PATH + "?limit=60"));
    var rest =
        ok(send(ours.key(), "GET", PATH + "?limit=60&after=" + page.path("last_id").asText()));
    assertThat(page.path("data")).hasSize(60);
    assertThat(page.path("has_more").asBoolean()).isTrue();
    assertThat(rest.path("data")).hasSize(40);
    assertThat(rest.path("has_more").asBoolean()).isFalse();
    assertThat(code(upload(ours.key(), "more", "weights"))).isEqualTo("conflict");
    assertThat(upload(theirs.key(), "more", "weights").statusCode()).isEqualTo(200);
  }

  private void awaitCallable(Side side, String name) {
    eventually(() ->
        registry
            .routes()
            .resolve(side.organisation().id(), side.project(), base + "@" + name)
            .succeeded());
  }

  private List<String> changes(Side side) {
    return await(
            tenancy
                .auditLog()
                .list(side.organisation().id(), AuditLog.Filter.ALL, PageRequest.FIRST))
        .data()
        .stream()
        .map(entry -> entry.change().type())
        .filter(type -> type.startsWith("adapter."))
        .toList();
  }

  private Requests.Entry lastCall(Side side) {
    return await(
            tenancy
                .requests()
                .list(
                    side.organisation().id(),
                    new Requests.Filter(side.project(), null, null, null, null, null),
                    null,
                    1))
        .data()
        .getFirst();
  }

  private List<String> models(String key) throws Exception {
    var names = new ArrayList<String>();
    ok(send(key, "GET", "/v1/models"))
        .path("data")
        .forEach(model -> names.add(model.path("id").asText()));
    return names;
  }

  private String owner(String key, String model) throws Exception {
    return ok(send(key, "GET", "/v1/models/" + model)).path("owned_by").asText();
  }

  private HttpResponse<String> complete(@Nullable String key, String model) {
    var body = new JsonObject().put("model", model).put("prompt", "Hello").put("max_tokens", 3);
    return send(
        request(key, "/v1/completions").POST(HttpRequest.BodyPublishers.ofString(body.encode())));
  }

  private HttpResponse<String> upload(@Nullable String key, String name, String weights) {
    return upload(key, base, name, null, weights);
  }

  private HttpResponse<String> upload(
      @Nullable String key, String model, String name, @Nullable String project, String weights) {
    var body =
        field("model\"", model)
            + field("name\"", name)
            + (project == null ? "" : field("project_id\"", project))
            + field("config\"; filename=\"adapter_config.json\"", "{}")
            + field("weights\"; filename=\"adapter_model.safetensors\"", weights)
            + "--b--\r\n";
    return send(
        request(key, PATH)
            .header("content-type", "multipart/form-data; boundary=b")
            .POST(HttpRequest.BodyPublishers.ofString(body)));
  }

  private static String field(String name, String value) {
    return "--b\r\nContent-Disposition: form-data; name=\"" + name + "\r\n\r\n" + value + "\r\n";
  }

  private HttpResponse<String> send(@Nullable String key, String method, String path) {
    return send(request(key, path).method(method, HttpRequest.BodyPublishers.noBody()));
  }

  private HttpRequest.Builder request(@Nullable String key, String path) {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + path))
            .timeout(Duration.ofSeconds(20));
    return key == null ? request : request.header("Authorization", "Bearer " + key);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static JsonNode ok(HttpResponse<String> response) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  private static String code(HttpResponse<String> response) throws Exception {
    return JSON.readTree(response.body()).at("/error/code").asText();
  }

  private static String id(ProjectId project) {
    return WireId.PROJECT.format(project.value());
  }

  private long files() {
    try (var files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void eventually(BooleanSupplier condition) {
    var deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("waited for 10 s").isLessThan(deadline);
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
    }
  }
}
