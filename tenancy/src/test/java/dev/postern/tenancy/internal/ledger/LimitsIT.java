package dev.postern.tenancy.internal.ledger;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Limits.RateLimit;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.internal.PgChangeFeed;
import dev.postern.tenancy.internal.ledger.Gateways.Tenant;
import dev.postern.tenancy.testing.TestPostgres;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Pool;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Limits and prices as people set them. */
@ExtendWith(VertxExtension.class)
class LimitsIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final Instant NOW = Instant.parse("2026-05-10T12:00:00Z");

  @TempDir Path folder;
  private Vertx vertx;
  private Pool pool;
  private Tenant tenant;
  private Tenant other;
  private Limits limits;
  private Prices prices;

  @BeforeEach
  void connect(Vertx given) {
    vertx = given;
    pool = POSTGRES.pool(vertx);
    var owner = POSTGRES.ownerPool(vertx);
    tenant = Tenant.create(owner);
    other = Tenant.create(owner);
    var db = new TenantDb(pool, Duration.ofSeconds(10));
    var clock = InstantSource.fixed(NOW);
    limits = new PgLimits(db, Gateways.NO_AUDIT, DefaultLimits.STANDARD, clock);
    prices = new PgPrices(db, Gateways.NO_AUDIT, new Ids(clock), clock);
  }

  private static TenancyFailure failure(Future<?> future) {
    return await(
        future.transform(
            (done, failure) -> Future.succeededFuture(((TenancyException) failure).failure())));
  }

  @Test
  void aModelWithoutALimitOfItsOwnHasTheDefaults() {
    assertThat(await(limits.rateLimits(tenant.id(), tenant.project(), List.of("a", "b"))))
        .containsExactly(new RateLimit("a", 600, 200_000), new RateLimit("b", 600, 200_000));
  }

  @Test
  void anUpdateLeavesTheOtherFieldAsItWas() {
    await(limits.updateRateLimit(tenant.principal(), tenant.project(), "a", 7L, null));
    await(limits.updateRateLimit(tenant.principal(), tenant.project(), "a", null, 900L));

    assertThat(await(limits.rateLimits(tenant.id(), tenant.project(), List.of("b", "a"))))
        .containsExactly(new RateLimit("b", 600, 200_000), new RateLimit("a", 7, 900));
  }

  @Test
  void aProjectHasItsConcurrencyItsBudgetAndWhatItSpent() {
    assertThat(await(limits.projectLimits(tenant.id(), tenant.project())))
        .isEqualTo(new Limits.ProjectLimits(64, null, BigDecimal.ZERO, Limits.Share.STANDARD));

    var put = await(put(tenant, 5, new BigDecimal("12.5"), null));

    assertThat(put.maxConcurrentRequests()).isEqualTo(5);
    assertThat(put.budget()).isEqualByComparingTo("12.5");
    await(put(tenant, 5, null, null));
    assertThat(await(limits.projectLimits(tenant.id(), tenant.project())).budget()).isNull();
  }

  private Future<Limits.ProjectLimits> put(
      Tenant actor, int concurrent, @Nullable BigDecimal budget, Limits.@Nullable Share share) {
    return limits.putProjectLimits(
        actor.principal(), actor.id(), tenant.project(), concurrent, budget, share);
  }

  @Test
  void aProjectKeepsItsShareOfTheRunnersUntilItIsGivenAnother() {
    var share = new Limits.Share(7, true);

    assertThat(await(put(tenant, 5, null, share)).share()).isEqualTo(share);
    assertThat(await(put(tenant, 6, null, null)).share()).isEqualTo(share);
    for (int weight : new int[] {0, -1, 1001}) {
      assertThat(failure(put(tenant, 6, null, new Limits.Share(weight, false))))
          .isEqualTo(
              new TenancyFailure.Invalid("share.weight", "share.weight must be from 1 to 1000"));
    }
    assertThat(await(limits.projectLimits(tenant.id(), tenant.project())).share()).isEqualTo(share);
  }

  @Test
  void anotherTenantsProjectDoesNotExist() {
    assertThat(failure(limits.projectLimits(other.id(), tenant.project())))
        .isInstanceOf(TenancyFailure.NotFound.class);
    assertThat(failure(limits.rateLimits(other.id(), tenant.project(), List.of("a"))))
        .isInstanceOf(TenancyFailure.NotFound.class);
    assertThat(failure(limits.updateRateLimit(other.principal(), tenant.project(), "a", 1L, null)))
        .isInstanceOf(TenancyFailure.NotFound.class);
    assertThat(failure(put(other, 1, null, null))).isInstanceOf(TenancyFailure.NotFound.class);
    assertThat(failure(limits.projectLimits(new TenantId(new UUID(0, 0)), tenant.project())))
        .isInstanceOf(TenancyFailure.NotFound.class);
  }

  @Test
  void refusesNumbersThatAreNoLimits() {
    assertThat(
            failure(limits.updateRateLimit(tenant.principal(), tenant.project(), "a", -1L, null)))
        .isEqualTo(
            new TenancyFailure.Invalid(
                "max_requests_per_1_minute",
                "max_requests_per_1_minute must be from 0 to 1099511627776"));
    assertThat(failure(put(tenant, 1, new BigDecimal("-0.01"), null)))
        .isInstanceOf(TenancyFailure.Invalid.class);
    assertThat(failure(put(tenant, 1, new BigDecimal("0.00000000001"), null)))
        .isInstanceOf(TenancyFailure.Invalid.class);
  }

  @Test
  void aChangeIsInForceOnAWarmGatewayWithinASecond() {
    var feed = new PgChangeFeed(vertx, POSTGRES.options(), System::nanoTime);
    await(feed.start());
    var metering =
        await(
            Metering.start(
                vertx,
                pool,
                prices,
                feed,
                folder,
                new DefaultLimits(60_000, 10_000_000, 1_000),
                InstantSource.system()));
    for (int i = 0; i < 50; i++) {
      await(metering.quotas().reserve(tenant.demand(1, 1, 1)));
    }

    await(limits.updateRateLimit(tenant.principal(), tenant.project(), tenant.model(), 10L, null));

    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    TenancyFailure refusal = null;
    while (refusal == null && System.nanoTime() < end) {
      refusal =
          await(
              metering
                  .quotas()
                  .reserve(tenant.demand(1, 1, 1))
                  .<TenancyFailure>mapEmpty()
                  .otherwise(failure -> ((TenancyException) failure).failure()));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
    assertThat(refusal)
        .isInstanceOfSatisfying(
            TenancyFailure.LimitReached.class,
            reached -> assertThat(reached.limit()).isEqualTo(10));
    await(metering.close());
    await(feed.close());
  }

  @Test
  void aNewPriceStandsBesideTheOldOne() {
    var model = tenant.model();
    await(
        prices.seedDefaults(
            List.of(new Prices.Seed(model, Prices.Kind.INPUT, new BigDecimal("0.05")))));
    await(
        prices.seedDefaults(
            List.of(new Prices.Seed(model, Prices.Kind.INPUT, new BigDecimal("99")))));
    await(prices.add(tenant.principal(), model, Prices.Kind.INPUT, new BigDecimal("0.07"), null));

    assertThat(await(prices.list()).stream().filter(price -> price.model().equals(model)))
        .extracting(Prices.Price::perMillion)
        .usingElementComparator(BigDecimal::compareTo)
        .containsExactly(new BigDecimal("0.07"), new BigDecimal("0.05"));
  }

  @Test
  void thePastCanBePricedButNotRepriced() {
    var past = NOW.minus(Duration.ofDays(10));
    var model = tenant.model();

    await(prices.add(tenant.principal(), model, Prices.Kind.INPUT, BigDecimal.ONE, past));

    assertThat(
            failure(
                prices.add(
                    tenant.principal(),
                    model,
                    Prices.Kind.INPUT,
                    BigDecimal.TEN,
                    past.plusSeconds(1))))
        .isInstanceOfSatisfying(
            TenancyFailure.Invalid.class,
            invalid -> assertThat(invalid.param()).isEqualTo("effective_from"));
  }

  @Test
  void refusesAPriceThatTheLedgerCannotKeepExactly() {
    for (String price : List.of("-1", "0.00000000001", "10000000000")) {
      assertThatThrownBy(() ->
              await(
                  prices.add(
                      tenant.principal(),
                      tenant.model(),
                      Prices.Kind.INPUT,
                      new BigDecimal(price),
                      null)))
          .as(price)
          .isInstanceOf(TenancyException.class);
    }
  }
}
