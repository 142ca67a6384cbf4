package dev.postern.gateway.admin;

import static dev.postern.tenancy.testing.TestPostgres.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import dev.postern.gateway.Gateway;
import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.GatewayServices;
import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.inspect.PolicyInspector;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.gateway.testing.FakeRegistry;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.Registry;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import dev.postern.runners.testing.FakeRunner;
import dev.postern.tenancy.Pepper;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.TenancyConfig;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.User;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.TestPostgres;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A gateway with the administration's routes on a real database, and two organisations. */
final class AdminBed implements AutoCloseable {
  static final String MODEL = "chat-model";
  static final String PASSWORD = "correct horse battery";

  final Vertx vertx = Vertx.vertx();
  final FakeRunner runner = FakeRunner.start(vertx);
  final FakeModels models = new FakeModels();
  final Tenancy tenancy;
  private final Registry registry;
  final List<RouteGroup> groups;
  final Tenant ours;
  final Tenant theirs;
  private final Gateway gateway;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** An organisation with one of everything. */
  record Tenant(
      TenantId id,
      ProjectId project,
      User user,
      String projectKey,
      UUID projectKeyId,
      String adminKey,
      UUID adminKeyId,
      String revokedKey,
      UUID account) {

    String projectId() {
      return WireId.PROJECT.format(project.value());
    }
  }

  AdminBed(TestPostgres postgres, Path spool) {
    var clock = InstantSource.system();
    var pool = postgres.pool(vertx);
    tenancy = await(Tenancy.open(vertx, postgres.options(), pool, config(spool), clock));
    await(
        tenancy
            .prices()
            .seedDefaults(
                List.of(
                    new Prices.Seed(MODEL, Prices.Kind.INPUT, new BigDecimal("0.15")),
                    new Prices.Seed(MODEL, Prices.Kind.OUTPUT, new BigDecimal("0.60")))));
    runner.streamReply(List.of("Hello ", "there."), new FakeRunner.Usage(10, 7));
    ours = tenant("Ours", "owner@ours.example");
    theirs = tenant("Theirs", "owner@theirs.example");
    registry = await(Registry.open(vertx, tenancy, clock));
    var routes = new FakeRegistry(ours.id()).deploy(MODEL, ModelVersion.Role.CHAT, runner.uri());
    var stores = AdminStores.of(tenancy, registry.policies(), routes);
    var detectors = new RuleDetectors();
    groups =
        Stream.concat(
                AdminRoutes.groups(stores, detectors, clock, false).stream(),
                ModelRoutes.groups(models, models, tenancy.organisations(), tenancy.auditLog())
                    .stream())
            .toList();
    var inspector = new PolicyInspector(detectors);
    var runners = RunnerPool.create(vertx, RunnerPoolConfig.defaults(null));
    var files = new AdapterFiles(spool.resolve("adapters"));
    var services =
        new GatewayServices(
            tenancy.apiKeys(),
            new ConsoleSessions(tenancy.sessions(), tenancy.projects()),
            tenancy.quotas(),
            tenancy.ledger(),
            tenancy.securityEvents(),
            tenancy.auditLog(),
            routes,
            registry.policies(),
            inspector,
            inspector,
            runners,
            new AdapterSupply(vertx, runners, files),
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            () -> true,
            clock,
            tenancy.ids());
    gateway = await(Gateway.start(vertx, GatewayConfig.on("127.0.0.1", 0), services, groups));
  }

  private static TenancyConfig config(Path spool) {
    var usual = TenancyConfig.of(new Pepper(new byte[32]), spool);
    var signIn = TenancyConfig.SignIn.DEFAULTS;
    return new TenancyConfig(
        usual.pepper(),
        usual.statementTimeout(),
        usual.keyCache(),
        new TenancyConfig.SignIn(
            signIn.sessionTtl(),
            signIn.window(),
            signIn.maxPerAccount(),
            // All tests of a class come from one address.
            1_000,
            signIn.maxPerEmail(),
            1_000),
        usual.spoolFolder(),
        usual.defaultLimits());
  }

  private Tenant tenant(String name, String email) {
    var id = await(tenancy.organisations().create(name)).id();
    var actor = new Principal(Principal.Kind.ADMIN_KEY, id, null, new UUID(0, 1), "test");
    var user = await(tenancy.users().add(actor, email, name + " owner", User.Role.OWNER, PASSWORD));
    var session = new Principal(Principal.Kind.SESSION, id, null, user.id(), user.name());
    var project = await(tenancy.projects().create(actor, name + " project")).id();
    var key = await(tenancy.apiKeys().issueForProject(session, project, name + " key", null));
    var admin = await(tenancy.apiKeys().issueAdmin(actor, name + " admin", null));
    var revoked = await(tenancy.apiKeys().issueAdmin(actor, name + " revoked", null));
    await(tenancy.apiKeys().revoke(actor, null, revoked.key().id()));
    var account = await(tenancy.serviceAccounts().create(actor, project, name + " robot"));
    return new Tenant(
        id,
        project,
        user,
        key.secret(),
        key.key().id(),
        admin.secret(),
        admin.key().id(),
        revoked.secret(),
        account.account().id());
  }

  HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway.port() + path))
        .timeout(Duration.ofSeconds(20));
  }

  /** A call with a key, or without. */
  HttpResponse<String> call(
      String method, String path, @Nullable String key, @Nullable String body) {
    var request =
        request(path)
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body));
    if (key != null) {
      request.header("Authorization", "Bearer " + key);
    }
    return send(request);
  }

  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /** A call of our project that costs ten tokens of prompt and seven of answer; its id. */
  String chat(String prompt) {
    var response =
        call(
            "POST",
            "/v1/chat/completions",
            ours.projectKey(),
            "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"%s\"}]}"
                .formatted(MODEL, prompt));
    if (response.statusCode() != 200) {
      throw new AssertionError(response.body());
    }
    return response.headers().firstValue("x-request-id").orElseThrow();
  }

  /** What our admin key is answered; anything but 200 is an error. */
  JsonNode json(String method, String path, @Nullable String body) {
    var response = call(method, path, ours.adminKey(), body);
    if (response.statusCode() != 200) {
      throw new AssertionError(method + " " + path + ": " + response.body());
    }
    return tree(response);
  }

  JsonNode get(String path) {
    return json("GET", path, null);
  }

  static JsonNode tree(HttpResponse<String> response) {
    try {
      return Api.JSON.readTree(response.body());
    } catch (JsonProcessingException e) {
      throw new AssertionError(response.body(), e);
    }
  }

  static JsonNode error(HttpResponse<String> response) {
    return tree(response).path("error");
  }

  @Override
  public void close() {
    await(gateway.stop());
    registry.close();
    await(tenancy.close());
    await(vertx.close());
  }
}
