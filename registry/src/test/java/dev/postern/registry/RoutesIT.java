package dev.postern.registry;

import static dev.postern.registry.Eventually.eventually;
import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Tuple;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Models, deployments, runners, and the routes that they make. */
@ExtendWith(VertxExtension.class)
class RoutesIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  /** Tests share a database: each has its own names. */
  private static final AtomicInteger TESTS = new AtomicInteger();

  private final SettableClock clock = SettableClock.create();
  private Vertx vertx;
  private Tenancy tenancy;
  private Registry registry;
  private TenantId one;
  private TenantId other;
  private String name;
  private ModelVersion first;
  private ModelVersion second;

  @BeforeEach
  void twoVersions(Vertx vertx) {
    this.vertx = vertx;
    tenancy = TestTenancy.open(vertx, POSTGRES, clock);
    registry = await(Registry.open(vertx, tenancy, clock));
    one = await(tenancy.organisations().create("One")).id();
    other = await(tenancy.organisations().create("Other")).id();
    name = "model-" + TESTS.incrementAndGet();
    first = register(TESTS.get() * 2);
    second = register(TESTS.get() * 2 + 1);
  }

  @Test
  void aVersionIsKeptAsItWasRegisteredFirst() {
    var stored = new Models.Stored(first, "elsewhere", new JsonObject());
    assertThat(await(registry.models().register(stored)).folder()).isEqualTo("folder");
    var found = await(registry.models().get(first.digest()));
    assertThat(found.version()).isEqualTo(first);
    assertThat(found.manifest()).isEqualTo(new JsonObject().put("format", 1));
    assertThat(await(registry.models().list())).contains(found);
    assertThat(refusal(registry.models().get("sha256:none")))
        .isEqualTo(new RegistryFailure.ModelNotFound("sha256:none"));
  }

  @Test
  void aDeploymentForAllIsResolvedForEveryTenant() {
    await(registry.deployments().put(null, name, first.digest()));
    eventually(vertx, () -> resolves(registry, one));
    var plan = await(registry.routes().resolve(one, name));
    assertThat(plan).isEqualTo(new RoutePlan(name, first, List.of()));
    assertThat(await(registry.routes().resolve(other, name))).isEqualTo(plan);
    assertThat(await(registry.routes().deployments(one)))
        .contains(new Deployment(name, first, "postern", clock.instant()));
  }

  @Test
  void aTenantsOwnDeploymentIsItsOwnAndHidesThatOfAll() {
    await(registry.deployments().put(one, name, second.digest()));
    eventually(vertx, () -> resolves(registry, one));
    assertThat(refusal(registry.routes().resolve(other, name)))
        .isEqualTo(new RegistryFailure.ModelNotFound(name));
    assertThat(await(registry.routes().deployments(other)))
        .extracting(Deployment::name)
        .doesNotContain(name);
    assertThat(await(registry.deployments().list(other)))
        .extracting(Deployment::name)
        .doesNotContain(name);

    await(registry.deployments().put(null, name, first.digest()));
    eventually(vertx, () -> resolves(registry, other));
    assertThat(await(registry.routes().resolve(one, name)).version()).isEqualTo(second);
    assertThat(await(registry.routes().resolve(other, name)).version()).isEqualTo(first);
    assertThat(await(registry.deployments().list(one)))
        .filteredOn(deployment -> deployment.name().equals(name))
        .extracting(Deployment::version)
        .containsExactly(second);

    await(registry.deployments().remove(one, name));
    eventually(vertx, () -> warm(registry.routes().resolve(one, name)).version().equals(first));
  }

  @Test
  void aTenantCannotWriteForAllOrForAnotherByOurOwnSql() {
    for (var owner : new TenantId[] {null, other}) {
      assertThatThrownBy(() ->
              await(
                  tenancy
                      .db()
                      .inTenant(
                          one,
                          connection ->
                              connection
                                  .preparedQuery(
                                      "INSERT INTO deployments VALUES ($1, $2, $3, now())")
                                  .execute(
                                      Tuple.of(
                                          owner == null ? null : owner.value(),
                                          "stolen",
                                          first.digest())))))
          .hasMessageContaining("row-level security");
    }
    await(registry.deployments().put(null, name, first.digest()));
    var changed =
        await(
            tenancy
                .db()
                .inTenant(
                    one,
                    connection ->
                        connection
                            .preparedQuery("DELETE FROM deployments WHERE name = $1")
                            .execute(Tuple.of(name))));
    assertThat(changed.rowCount()).isZero();
  }

  @Test
  void withoutATenantOnlyDeploymentsForAllAreSeen() {
    await(registry.deployments().put(one, name, first.digest()));
    var seen =
        await(
            tenancy
                .db()
                .asSystem(connection ->
                    connection
                        .preparedQuery("SELECT FROM deployments WHERE name = $1")
                        .execute(Tuple.of(name))));
    assertThat(seen.size()).isZero();
  }

  @Test
  void badNamesAndUnknownVersionsAreRefused() {
    assertThat(refusal(registry.deployments().put(null, "no good", first.digest())))
        .isInstanceOf(RegistryFailure.Invalid.class);
    assertThat(refusal(registry.deployments().put(null, name, "sha256:none")))
        .isEqualTo(new RegistryFailure.ModelNotFound("sha256:none"));
  }

  @Test
  void aChangeIsInForceOnAnotherGatewayWithinASecond() {
    var gateway = await(Registry.open(vertx, TestTenancy.open(vertx, POSTGRES, clock), clock));
    await(registry.deployments().put(null, name, first.digest()));
    assertThat(eventually(vertx, () -> resolves(gateway, one))).isLessThan(Duration.ofSeconds(1));
    await(registry.deployments().put(null, name, second.digest()));
    assertThat(
            eventually(
                vertx, () -> warm(gateway.routes().resolve(one, name)).version().equals(second)))
        .isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void runnersAreCandidatesForWhatTheyServeInTurn() {
    await(registry.deployments().put(null, name, first.digest()));
    register("a", first);
    register("b", first);
    register("c", second);
    eventually(vertx, () -> runnersOf(name).size() == 2);
    assertThat(runnersOf(name)).containsExactlyInAnyOrder("a-" + name, "b-" + name);
    assertThat(List.of(runnersOf(name).getFirst(), runnersOf(name).getFirst()))
        .containsExactlyInAnyOrder("a-" + name, "b-" + name);
    await(registry.runners().remove("a-" + name));
    eventually(vertx, () -> runnersOf(name).equals(List.of("b-" + name)));
  }

  @Test
  void aSilentRunnerIsLeftOutUntilItIsHeardAgain() {
    await(registry.deployments().put(null, name, first.digest()));
    register("a", first);
    eventually(vertx, () -> runnersOf(name).size() == 1);
    clock.advance(RunnerDirectory.SILENT_AFTER.plusSeconds(1));
    // News of anything reads the table anew.
    await(registry.deployments().put(null, name, first.digest()));
    eventually(vertx, () -> runnersOf(name).isEmpty());
    assertThat(await(registry.runners().heartbeat("a-" + name))).isTrue();
    eventually(vertx, () -> runnersOf(name).size() == 1);
    assertThat(await(registry.runners().heartbeat("nobody"))).isFalse();
  }

  @Test
  void theLastKnownRoutesStayWhilePostgresIsAway() {
    await(registry.deployments().put(null, name, first.digest()));
    register("a", first);
    eventually(vertx, () -> resolves(registry, one) && runnersOf(name).size() == 1);
    POSTGRES.setReachable(false);
    try {
      eventually(vertx, () -> !tenancy.changes().confirmedWithin(Duration.ofMillis(500)));
      assertThat(await(registry.routes().resolve(one, name)).candidates()).hasSize(1);
      assertThat(refusal(registry.deployments().list(one)))
          .isEqualTo(new RegistryFailure.StoreUnavailable());
    } finally {
      POSTGRES.setReachable(true);
    }
    eventually(vertx, () -> tenancy.changes().confirmedWithin(Duration.ofMillis(500)));
  }

  private ModelVersion register(int number) {
    var version =
        new ModelVersion(
            "sha256:%064x".formatted(number),
            "tiny",
            ModelVersion.Role.CHAT,
            2048,
            576,
            clock.instant());
    await(
        registry
            .models()
            .register(new Models.Stored(version, "folder", new JsonObject().put("format", 1))));
    return version;
  }

  private void register(String prefix, ModelVersion serves) {
    await(
        registry
            .runners()
            .register(
                prefix + "-" + name,
                URI.create("http://127.0.0.1:1"),
                List.of(new RunnerDirectory.Served(serves.digest(), "served-name"))));
  }

  private boolean resolves(Registry gateway, TenantId tenant) {
    return gateway.routes().resolve(tenant, name).succeeded();
  }

  private List<String> runnersOf(String model) {
    return warm(registry.routes().resolve(one, model)).candidates().stream()
        .map(RoutePlan.Candidate::runner)
        .toList();
  }

  /** The result of a warm call, which is there at once. */
  private static <T> T warm(Future<T> answer) {
    assertThat(answer.isComplete()).isTrue();
    return answer.result();
  }

  private static RegistryFailure refusal(Future<?> future) {
    return catchThrowableOfType(RegistryException.class, () -> await(future)).failure();
  }
}
