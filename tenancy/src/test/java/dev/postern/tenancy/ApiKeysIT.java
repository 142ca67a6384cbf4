package dev.postern.tenancy;

import static dev.postern.tenancy.Refusals.refusal;
import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

@ExtendWith(VertxExtension.class)
class ApiKeysIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final TenancyFailure BAD_KEY = new TenancyFailure.BadKey();

  private final SettableClock clock = SettableClock.create();
  private Vertx vertx;
  private Tenancy tenancy;
  private Principal one;
  private Principal other;
  private Project project;

  @BeforeEach
  void aProject(Vertx vertx) {
    this.vertx = vertx;
    tenancy = TestTenancy.open(vertx, POSTGRES, clock);
    one = TestTenancy.admin(await(tenancy.organisations().create("One")));
    other = TestTenancy.admin(await(tenancy.organisations().create("Other")));
    project = await(tenancy.projects().create(one, "Alpha"));
  }

  @Test
  void proveTheirOwnerAndAreThenInMemory() {
    var issued = issue();
    assertThat(issued.secret()).matches("sk-proj-[0-9A-Za-z]{43}");
    assertThat(issued.key().redacted())
        .startsWith("sk-proj-")
        .endsWith(issued.secret().substring(issued.secret().length() - 4));
    assertThat(tenancy.apiKeys().cached(issued.secret())).isNull();
    var principal = await(tenancy.apiKeys().authenticate(issued.secret()));
    assertThat(principal)
        .isEqualTo(
            new Principal(
                Principal.Kind.PROJECT_KEY, one.tenant(), project.id(), issued.key().id(), "Key"));
    assertThat(tenancy.apiKeys().cached(issued.secret())).isEqualTo(principal);
  }

  @Test
  void ofAdministrationBelongToNoProject() {
    var issued = await(tenancy.apiKeys().issueAdmin(one, "Admin", null));
    assertThat(issued.secret()).startsWith("sk-admin-");
    var principal = await(tenancy.apiKeys().authenticate(issued.secret()));
    assertThat(principal.kind()).isEqualTo(Principal.Kind.ADMIN_KEY);
    assertThat(principal.project()).isNull();
    assertThat(await(tenancy.apiKeys().listAdmin(one.tenant(), PageRequest.FIRST)).data())
        .extracting(ApiKey::id)
        .containsExactly(issued.key().id());
    assertThat(await(tenancy.apiKeys().listAdmin(other.tenant(), PageRequest.FIRST)).data())
        .isEmpty();
  }

  @Test
  void areStoredWithoutTheirSecret() {
    var issued = issue();
    var rows =
        await(
            POSTGRES
                .ownerPool(vertx)
                .preparedQuery("SELECT api_keys::text FROM api_keys WHERE id = $1")
                .execute(Tuple.of(issued.key().id())));
    var bare = issued.secret().substring("sk-proj-".length());
    assertThat(rows.iterator().next().getString(0)).doesNotContain(bare);
    assertThat(issued.toString()).doesNotContain(bare);
  }

  @Test
  void thatAreUnknownRevokedExpiredOrArchivedAreRefusedAlike() {
    assertThat(refused("")).isEqualTo(BAD_KEY);
    assertThat(refused("sk-proj-short")).isEqualTo(BAD_KEY);
    assertThat(refused("sk-proj-" + "\u00e9".repeat(43))).isEqualTo(BAD_KEY);
    assertThat(refused("sk-proj-" + "a".repeat(43))).isEqualTo(BAD_KEY);
    assertThat(refused("sk-proj-" + "a".repeat(43))).isEqualTo(BAD_KEY);

    var revoked = issue();
    await(tenancy.apiKeys().revoke(one, project.id(), revoked.key().id()));
    assertThat(refused(revoked.secret())).isEqualTo(BAD_KEY);

    var expiring =
        await(
            tenancy
                .apiKeys()
                .issueForProject(
                    one, project.id(), "Key", clock.instant().plus(Duration.ofHours(1))));
    await(tenancy.apiKeys().authenticate(expiring.secret()));
    clock.advance(Duration.ofHours(1).minusMillis(1));
    assertThat(tenancy.apiKeys().cached(expiring.secret())).isNotNull();
    clock.advance(Duration.ofMillis(1));
    assertThat(tenancy.apiKeys().cached(expiring.secret())).isNull();
    assertThat(refused(expiring.secret())).isEqualTo(BAD_KEY);

    var archived = issue();
    await(tenancy.apiKeys().authenticate(archived.secret()));
    await(tenancy.projects().archive(one, project.id()));
    assertThat(tenancy.apiKeys().cached(archived.secret())).isNull();
    assertThat(refused(archived.secret())).isEqualTo(BAD_KEY);
  }

  @Test
  void mustEndInTheFuture() {
    assertThat(
            refusal(tenancy.apiKeys().issueForProject(one, project.id(), "Key", clock.instant())))
        .isInstanceOf(TenancyFailure.Invalid.class);
  }

  @Test
  void areRevokedOnceAndStayListed() {
    var issued = issue();
    var revoked = await(tenancy.apiKeys().revoke(one, project.id(), issued.key().id()));
    assertThat(revoked.revokedAt()).isEqualTo(clock.instant());
    clock.advance(Duration.ofMinutes(1));
    assertThat(await(tenancy.apiKeys().revoke(one, project.id(), issued.key().id())))
        .isEqualTo(revoked);
    assertThat(
            await(tenancy.apiKeys().listOfProject(one.tenant(), project.id(), PageRequest.FIRST))
                .data())
        .containsExactly(revoked);
  }

  @Test
  void areOutOfReachForAnotherTenantAndAnotherProject() {
    var id = issue().key().id();
    var unknown = WireId.API_KEY.notFound(id);
    var sibling = await(tenancy.projects().create(one, "Beta"));
    assertThat(refusal(tenancy.apiKeys().get(other.tenant(), project.id(), id))).isEqualTo(unknown);
    assertThat(refusal(tenancy.apiKeys().get(one.tenant(), sibling.id(), id))).isEqualTo(unknown);
    assertThat(refusal(tenancy.apiKeys().get(one.tenant(), null, id))).isEqualTo(unknown);
    assertThat(refusal(tenancy.apiKeys().revoke(other, project.id(), id))).isEqualTo(unknown);
    assertThat(refusal(tenancy.apiKeys().revoke(one, sibling.id(), id))).isEqualTo(unknown);
    assertThat(
            refusal(
                tenancy.apiKeys().listOfProject(other.tenant(), project.id(), PageRequest.FIRST)))
        .isEqualTo(WireId.PROJECT.notFound(project.id().value()));
    assertThat(await(tenancy.apiKeys().get(one.tenant(), project.id(), id)).revokedAt()).isNull();
  }

  @Test
  void thatOneGatewayRevokesAreDeadOnAnotherWithinASecond() {
    var second = TestTenancy.open(vertx, POSTGRES, clock);
    var issued = issue();
    await(second.apiKeys().authenticate(issued.secret()));
    eventually(() -> second.changes().confirmedWithin(Duration.ofMillis(500)));
    assertThat(second.apiKeys().cached(issued.secret())).isNotNull();

    await(tenancy.apiKeys().revoke(one, project.id(), issued.key().id()));
    var took = eventually(() -> second.apiKeys().cached(issued.secret()) == null);
    assertThat(took).isLessThan(Duration.ofSeconds(1));
    assertThat(refusal(second.apiKeys().authenticate(issued.secret()))).isEqualTo(BAD_KEY);
  }

  @Test
  void thatAreRevokedByHandAreDeadWithinASecond() {
    var issued = issue();
    await(tenancy.apiKeys().authenticate(issued.secret()));
    await(
        POSTGRES
            .ownerPool(vertx)
            .preparedQuery("UPDATE api_keys SET revoked_at = now() WHERE id = $1")
            .execute(Tuple.of(issued.key().id())));
    assertThat(eventually(() -> tenancy.apiKeys().cached(issued.secret()) == null))
        .isLessThan(Duration.ofSeconds(1));
  }

  @Test
  void areNotBelievedAfterTheFeedIsCut() {
    var issued = issue();
    await(tenancy.apiKeys().authenticate(issued.secret()));
    POSTGRES.cutConnections();
    assertThat(eventually(() -> tenancy.apiKeys().cached(issued.secret()) == null))
        .isLessThan(Duration.ofSeconds(1));
    eventually(() -> tenancy.changes().confirmedWithin(Duration.ofMillis(500)));
    assertThat(await(tenancy.apiKeys().authenticate(issued.secret())).id())
        .isEqualTo(issued.key().id());
  }

  @Test
  void thatAreKnownOutliveARestartOfPostgres() {
    var issued = issue();
    var cold = issue();
    await(tenancy.apiKeys().authenticate(issued.secret()));
    POSTGRES.setReachable(false);
    try {
      eventually(() -> tenancy.apiKeys().cached(issued.secret()) == null);
      assertThat(await(tenancy.apiKeys().authenticate(issued.secret())).id())
          .isEqualTo(issued.key().id());
      assertThat(refused(cold.secret())).isEqualTo(new TenancyFailure.StoreUnavailable());
    } finally {
      POSTGRES.setReachable(true);
    }
    eventually(() -> tenancy.changes().confirmedWithin(Duration.ofMillis(500)));
    assertThat(await(tenancy.apiKeys().authenticate(cold.secret())).id())
        .isEqualTo(cold.key().id());
  }

  @Test
  void rememberTheirLastUse() {
    var issued = issue();
    await(tenancy.apiKeys().authenticate(issued.secret()));
    clock.advance(Duration.ofMinutes(5));
    assertThat(tenancy.apiKeys().cached(issued.secret())).isNotNull();
    await(tenancy.close());
    var reader = TestTenancy.open(vertx, POSTGRES, clock);
    assertThat(
            await(reader.apiKeys().get(one.tenant(), project.id(), issued.key().id())).lastUsedAt())
        .isEqualTo(clock.instant());
  }

  private ApiKeys.Issued issue() {
    return await(tenancy.apiKeys().issueForProject(one, project.id(), "Key", null));
  }

  private TenancyFailure refused(String secret) {
    return refusal(tenancy.apiKeys().authenticate(secret));
  }

  /** How long the condition took to come true. */
  private Duration eventually(BooleanSupplier condition) {
    var start = System.nanoTime();
    var promise = Promise.<Void>promise();
    vertx.setPeriodic(
        5,
        timer -> {
          if (condition.getAsBoolean()) {
            vertx.cancelTimer(timer);
            promise.tryComplete();
          }
        });
    await(promise.future().timeout(10, TimeUnit.SECONDS));
    return Duration.ofNanos(System.nanoTime() - start);
  }
}
