package dev.postern.registry;

import static dev.postern.registry.Eventually.eventually;
import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.postern.registry.GuardrailPolicy.Action;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Project;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@ExtendWith(VertxExtension.class)
class PoliciesIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final GuardrailPolicy STRICT =
      new GuardrailPolicy(0, Map.of("pii.email", Action.BLOCK), List.of("Project Zeus"));

  private final SettableClock clock = SettableClock.create();
  private Vertx vertx;
  private Tenancy tenancy;
  private Registry registry;
  private Principal one;
  private Principal other;
  private Project project;

  @BeforeEach
  void aProject(Vertx vertx) {
    this.vertx = vertx;
    tenancy = TestTenancy.open(vertx, POSTGRES, clock);
    registry = await(Registry.open(vertx, tenancy, clock));
    one = TestTenancy.admin(await(tenancy.organisations().create("One")));
    other = TestTenancy.admin(await(tenancy.organisations().create("Other")));
    project = await(tenancy.projects().create(one, "Alpha"));
  }

  @Test
  void aProjectWithoutItsOwnHasTheShippedOne() {
    var policy = await(effective(registry));
    assertThat(policy).isEqualTo(GuardrailPolicy.SHIPPED);
    assertThat(policy.version()).isZero();
    assertThat(policy.actionFor("secret.private_key")).isEqualTo(Action.REDACT);
    assertThat(policy.actionFor("pii.email")).isEqualTo(Action.FLAG);
  }

  @Test
  void isInMemoryAfterItWasRead() {
    await(effective(registry));
    assertThat(effective(registry).isComplete()).isTrue();
  }

  @Test
  void aChangeMakesANewVersion() {
    assertThat(await(registry.policies().replace(one, project.id(), STRICT)))
        .isEqualTo(new GuardrailPolicy(1, STRICT.actions(), STRICT.blockList()));
    assertThat(await(registry.policies().replace(one, project.id(), STRICT)).version())
        .isEqualTo(2);
    assertThat(await(effective(registry)).version()).isEqualTo(2);
  }

  @Test
  void versionsAreNotLostWhenManyChangeAtOnce() {
    var all =
        Future.join(
            IntStream.range(0, 10)
                .mapToObj(i -> registry.policies().replace(one, project.id(), STRICT))
                .toList());
    assertThat(await(all).<GuardrailPolicy>list())
        .extracting(GuardrailPolicy::version)
        .containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
  }

  @Test
  void aChangeIsRecordedWithoutTheWordsOfTheBlockList() {
    await(registry.policies().replace(one, project.id(), STRICT));
    var entry =
        await(tenancy.auditLog().list(one.tenant(), AuditLog.Filter.ALL, PageRequest.FIRST))
            .data()
            .getFirst();
    assertThat(entry.change().type()).isEqualTo("guardrail_policy.updated");
    assertThat(entry.change().actor().name()).isEqualTo(one.name());
    assertThat(entry.change().detail().encode()).doesNotContain("Zeus").contains("pii.email");
  }

  @Test
  void anotherTenantNeitherSeesNorChangesIt() {
    await(registry.policies().replace(one, project.id(), STRICT));
    assertThat(await(registry.policies().effective(other.tenant(), project.id())))
        .isEqualTo(GuardrailPolicy.SHIPPED);
    var refused =
        catchThrowableOfType(
            TenancyException.class,
            () -> await(registry.policies().replace(other, project.id(), STRICT)));
    assertThat(refused.failure()).isEqualTo(WireId.PROJECT.notFound(project.id().value()));
    assertThat(await(effective(registry)).version()).isEqualTo(1);
  }

  @Test
  void isNotSeenWithoutATenant() {
    await(registry.policies().replace(one, project.id(), STRICT));
    var seen =
        await(
            tenancy
                .db()
                .asSystem(connection -> connection.query("TABLE guardrail_policies").execute()));
    assertThat(seen.size()).isZero();
  }

  @Test
  void aChangeIsInForceOnAnotherGatewayWithinASecond() {
    var gateway = await(Registry.open(vertx, TestTenancy.open(vertx, POSTGRES, clock), clock));
    await(effective(gateway));
    await(registry.policies().replace(one, project.id(), STRICT));
    var took =
        eventually(
            vertx,
            () -> {
              var warm = effective(gateway);
              return warm.isComplete() && warm.result().version() == 1;
            });
    assertThat(took).isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void theLastKnownStaysInForceWhilePostgresIsAway() {
    await(registry.policies().replace(one, project.id(), STRICT));
    await(effective(registry));
    var cold = await(tenancy.projects().create(one, "Beta"));
    POSTGRES.setReachable(false);
    try {
      eventually(vertx, () -> !tenancy.changes().confirmedWithin(Duration.ofSeconds(1)));
      assertThat(await(effective(registry)).version()).isEqualTo(1);
      var refused =
          catchThrowableOfType(
              RegistryException.class,
              () -> await(registry.policies().effective(one.tenant(), cold.id())));
      assertThat(refused.failure()).isEqualTo(new RegistryFailure.StoreUnavailable());
    } finally {
      POSTGRES.setReachable(true);
    }
    eventually(vertx, () -> tenancy.changes().confirmedWithin(Duration.ofMillis(500)));
  }

  @Test
  void whatBreaksARuleIsRefused() {
    for (var broken :
        List.of(
            new GuardrailPolicy(0, Map.of("Bad Name", Action.FLAG), List.of()),
            new GuardrailPolicy(0, Map.of(), List.of(" ")),
            new GuardrailPolicy(0, Map.of(), List.of("a\u0000")),
            new GuardrailPolicy(0, Map.of(), List.of("x".repeat(201))),
            new GuardrailPolicy(0, Map.of(), Collections.nCopies(1_001, "word")))) {
      var refused =
          catchThrowableOfType(
              RegistryException.class,
              () -> await(registry.policies().replace(one, project.id(), broken)));
      assertThat(refused.failure()).isInstanceOf(RegistryFailure.Invalid.class);
    }
  }

  private Future<GuardrailPolicy> effective(Registry gateway) {
    return gateway.policies().effective(one.tenant(), project.id());
  }
}
