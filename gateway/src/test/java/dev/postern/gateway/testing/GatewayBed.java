package dev.postern.gateway.testing;

import dev.postern.gateway.Gateway;
import dev.postern.gateway.GatewayConfig;
import dev.postern.gateway.GatewayServices;
import dev.postern.gateway.adapter.AdapterFiles;
import dev.postern.gateway.adapter.AdapterSupply;
import dev.postern.gateway.inspect.PolicyInspector;
import dev.postern.gateway.inspect.rules.RuleDetectors;
import dev.postern.gateway.pipeline.SessionAuthenticator;
import dev.postern.registry.ModelVersion;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPoolConfig;
import dev.postern.runners.testing.FakeRunner;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;

/** A gateway on real HTTP with scripted runners, and everything else in memory. */
public final class GatewayBed implements AutoCloseable {
  public static final String KEY = "sk-proj-test";
  public static final String OTHER_KEY = "sk-proj-other";
  public static final String ADMIN_KEY = "sk-admin-test";
  public static final String SESSION = "session-token";
  public static final String CSRF = "csrf-token";
  public static final TenantId TENANT = new TenantId(new UUID(1, 1));
  public static final ProjectId PROJECT = new ProjectId(new UUID(1, 2));
  public static final String MODEL = "chat-model";
  public static final String EMBED_MODEL = "embed/model:1";
  public static final String RERANK_MODEL = "reranker";
  public static final String CLASSIFY_MODEL = "classifier";

  public final Vertx vertx = Vertx.vertx();
  public final FakeRunner runner = FakeRunner.start(vertx);
  public final FakeRunner spare = FakeRunner.start(vertx);
  public final FakeKeys keys = new FakeKeys();
  public final FakeQuotas quotas = new FakeQuotas();
  public final FakeLedger ledger = new FakeLedger();
  public final FakeAuditLog auditLog = new FakeAuditLog();
  public final FakeRegistry registry = new FakeRegistry(TENANT);
  public final AtomicBoolean ready = new AtomicBoolean(true);
  public final Gateway gateway;
  public final TestClient client;

  public GatewayBed() {
    this(config -> config);
  }

  public GatewayBed(UnaryOperator<GatewayConfig> change) {
    keys.add(KEY, principal(Principal.Kind.PROJECT_KEY, TENANT, PROJECT))
        .add(ADMIN_KEY, new Principal(Principal.Kind.ADMIN_KEY, TENANT, null, new UUID(1, 4), "a"))
        .add(
            OTHER_KEY,
            principal(
                Principal.Kind.PROJECT_KEY,
                new TenantId(new UUID(2, 1)),
                new ProjectId(new UUID(2, 2))));
    registry
        .deploy(MODEL, ModelVersion.Role.CHAT, runner.uri(), spare.uri())
        .deploy(EMBED_MODEL, ModelVersion.Role.EMBEDDING, runner.uri())
        .deploy(RERANK_MODEL, ModelVersion.Role.RERANKER, runner.uri())
        .deploy(CLASSIFY_MODEL, ModelVersion.Role.CLASSIFIER, runner.uri())
        .deploy("nowhere", ModelVersion.Role.CHAT);
    var inspector = new PolicyInspector(new RuleDetectors());
    var runners = RunnerPool.create(vertx, RunnerPoolConfig.defaults(null));
    var files = new AdapterFiles(Path.of("target", "adapters"));
    var services =
        new GatewayServices(
            keys,
            GatewayBed::session,
            quotas,
            ledger,
            ledger,
            auditLog,
            registry,
            registry,
            inspector,
            inspector,
            runners,
            new AdapterSupply(vertx, runners, files),
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT),
            ready::get,
            InstantSource.system(),
            new Ids(InstantSource.system()));
    gateway =
        await(
            Gateway.start(
                vertx, change.apply(GatewayConfig.on("127.0.0.1", 0)), services, List.of()));
    client = new TestClient(gateway.port(), KEY);
  }

  private static Principal principal(Principal.Kind kind, TenantId tenant, ProjectId project) {
    return new Principal(kind, tenant, project, new UUID(1, 3), "test");
  }

  private static Future<Principal> session(SessionAuthenticator.Visit visit) {
    return visit.token().equals(SESSION) && CSRF.equals(visit.csrf())
        ? Future.succeededFuture(
            new Principal(Principal.Kind.SESSION, TENANT, null, new UUID(1, 5), "u"))
        : Future.failedFuture(new TenancyException(new TenancyFailure.NoSession()));
  }

  public HttpResponse<String> chat(String fields) {
    return client.post("/v1/chat/completions", chatBody(fields));
  }

  /** A chat of one message, with more fields that begin with a comma. */
  public static String chatBody(String fields) {
    return "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]%s}"
        .formatted(MODEL, fields);
  }

  public static <T> T await(Future<T> future) {
    try {
      return future.await(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("no result in 20 s", e);
    }
  }

  @Override
  public void close() {
    await(gateway.stop());
    await(vertx.close());
  }
}
