package dev.postern.tenancy.internal.ledger;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Quotas.Demand;
import dev.postern.tenancy.Quotas.Reservation;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.internal.ledger.Gateways.Tenant;
import dev.postern.tenancy.testing.TestPostgres;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Two gateways over one database. */
@ExtendWith(VertxExtension.class)
class QuotasIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  @TempDir Path folder;
  private Vertx vertx;
  private Pool owner;
  private Tenant tenant;
  private final List<Metering> started = new ArrayList<>();

  @BeforeEach
  void connect(Vertx given) {
    vertx = given;
    owner = POSTGRES.ownerPool(vertx);
    tenant = Tenant.create(owner);
  }

  @AfterEach
  void close() {
    started.forEach(metering -> await(metering.close()));
  }

  private Metering gateway(String name, long requests, long tokens, int concurrent) {
    var metering =
        Gateways.start(
            vertx,
            POSTGRES.pool(vertx),
            folder.resolve(name),
            new DefaultLimits(requests, tokens, concurrent));
    started.add(metering);
    return metering;
  }

  private record Granted(Metering gateway, Reservation reservation) {}

  private record Answers(List<Granted> granted, List<TenancyFailure> refused) {}

  /** Asks for all at once, in turn from each gateway, and waits for the answers. */
  private static Answers reserve(List<Metering> gateways, List<Demand> demands) {
    List<Future<Granted>> asked = new ArrayList<>();
    for (int i = 0; i < demands.size(); i++) {
      var gateway = gateways.get(i % gateways.size());
      asked.add(gateway.quotas().reserve(demands.get(i)).map(held -> new Granted(gateway, held)));
    }
    var answers = new Answers(new ArrayList<>(), new ArrayList<>());
    for (Future<Granted> future : asked) {
      await(
          future.transform((granted, failure) -> {
            if (failure == null) {
              answers.granted.add(granted);
            } else {
              answers.refused.add(((TenancyException) failure).failure());
            }
            return Future.succeededFuture();
          }));
    }
    return answers;
  }

  private List<Demand> demands(int count, long prompt, long min, long max) {
    List<Demand> demands = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      demands.add(tenant.demand(prompt, min, max));
    }
    return demands;
  }

  private void settle(Metering gateway, Reservation reservation, long prompt, long completion) {
    await(
        gateway
            .ledger()
            .settle(
                reservation,
                tenant.event(reservation.requestId(), prompt, 0, completion, Instant.now())));
  }

  @Test
  void twoGatewaysTogetherLetThroughTheLimitAndNotOneMore() {
    var gateways = List.of(gateway("a", 5, 100_000, 100), gateway("b", 5, 100_000, 100));

    var answers = reserve(gateways, demands(20, 10, 10, 10));

    assertThat(answers.granted).hasSize(5);
    assertThat(answers.refused)
        .hasSize(15)
        .allSatisfy(failure -> {
          var reached = (TenancyFailure.LimitReached) failure;
          assertThat(reached.metric()).isEqualTo(TenancyFailure.Metric.REQUESTS_PER_MINUTE);
          assertThat(reached.limit()).isEqualTo(5);
          assertThat(reached.impossible()).isFalse();
          assertThat(reached.retryAfter())
              .isBetween(Duration.ofSeconds(55), Duration.ofSeconds(63));
          assertThat(reached.status().remainingRequests()).isZero();
        });
  }

  @Test
  void aBurstBeyondALargeLimitGetsNearlyAllOfItAndNeverMore() {
    var gateways = List.of(gateway("a", 600, 1_000_000, 2000), gateway("b", 600, 1_000_000, 2000));

    var answers = reserve(gateways, demands(1500, 10, 10, 10));

    assertThat(answers.granted).hasSizeBetween(560, 600);
  }

  @Test
  void theHeadersSayWhatIsLeftAfterThisCall() {
    var gateway = gateway("a", 100, 10_000, 100);

    var first = await(gateway.quotas().reserve(tenant.demand(100, 50, 50)));
    var second = await(gateway.quotas().reserve(tenant.demand(100, 50, 50)));

    assertThat(first.status().limitRequests()).isEqualTo(100);
    assertThat(first.status().remainingRequests()).isEqualTo(99);
    assertThat(second.status().remainingRequests()).isEqualTo(98);
    assertThat(first.status().remainingTokens()).isEqualTo(9_850);
    assertThat(second.status().remainingTokens()).isEqualTo(9_700);
    assertThat(second.status().resetTokens())
        .isBetween(Duration.ofSeconds(59), Duration.ofSeconds(63));
  }

  @Test
  void completionTokensShrinkToWhatIsLeft() {
    var gateway = gateway("a", 100, 1_000, 100);

    var reservation = await(gateway.quotas().reserve(tenant.demand(100, 10, 5_000)));

    assertThat(reservation.completionTokens()).isEqualTo(900);
    var next = reserve(List.of(gateway), demands(1, 1, 1, 10));
    assertThat(next.refused)
        .singleElement()
        .isInstanceOfSatisfying(
            TenancyFailure.LimitReached.class,
            reached -> {
              assertThat(reached.metric()).isEqualTo(TenancyFailure.Metric.TOKENS_PER_MINUTE);
              assertThat(reached.requested()).isEqualTo(2);
            });
  }

  @Test
  void unusedTokensAreThereForTheNextCall() {
    var gateway = gateway("a", 100, 1_000, 100);
    var first = await(gateway.quotas().reserve(tenant.demand(100, 900, 900)));

    settle(gateway, first, 100, 20);
    var second = await(gateway.quotas().reserve(tenant.demand(100, 780, 780)));

    assertThat(second.completionTokens()).isEqualTo(780);
    assertThat(second.status().remainingTokens()).isZero();
  }

  @Test
  void tokensUsedBeyondTheReservationCountForTheOtherGatewayToo() {
    var a = gateway("a", 100, 1_000, 100);
    var b = gateway("b", 100, 1_000, 100);
    var first = await(a.quotas().reserve(tenant.demand(10, 10, 10)));
    settle(a, first, 600, 10);
    // The debt travels with a's next question.
    await(a.quotas().reserve(tenant.demand(10, 10, 10)));

    var answers = reserve(List.of(b), demands(1, 300, 100, 100));

    assertThat(answers.refused).singleElement().isInstanceOf(TenancyFailure.LimitReached.class);
  }

  @Test
  void aCallLargerThanTheLimitIsImpossible() {
    var gateway = gateway("a", 100, 1_000, 100);

    var answers = reserve(List.of(gateway), demands(1, 900, 200, 200));

    assertThat(answers.refused)
        .singleElement()
        .isInstanceOfSatisfying(
            TenancyFailure.LimitReached.class,
            reached -> {
              assertThat(reached.impossible()).isTrue();
              assertThat(reached.requested()).isEqualTo(1_100);
            });
  }

  @Test
  void aSlotIsFreeAgainWhenItsCallHasSettled() {
    var gateways = List.of(gateway("a", 100, 10_000, 3), gateway("b", 100, 10_000, 3));
    var answers = reserve(gateways, demands(8, 1, 1, 1));
    assertThat(answers.granted).hasSize(3);
    assertThat(answers.refused)
        .allSatisfy(failure ->
            assertThat(((TenancyFailure.LimitReached) failure).metric())
                .isEqualTo(TenancyFailure.Metric.CONCURRENT_REQUESTS));

    var gateway = gateway("c", 100, 10_000, 3);
    assertThat(reserve(List.of(gateway), demands(1, 1, 1, 1)).refused).hasSize(1);
    // The gateway keeps the slot for its next call.
    var first = answers.granted.getFirst();
    settle(first.gateway, first.reservation, 1, 1);

    assertThat(reserve(List.of(first.gateway), demands(1, 1, 1, 1)).granted).hasSize(1);
  }

  @Test
  void concurrentCallsOverTwoGatewaysNeverOverspendABudget() {
    price("input", "1000");
    price("output", "1000");
    // A token costs 0.001: the budget pays for 10 calls of 10 tokens.
    budget("0.1");
    var gateways =
        List.of(gateway("a", 10_000, 1_000_000, 100), gateway("b", 10_000, 1_000_000, 100));
    int done = 0;

    for (int round = 0; round < 8; round++) {
      var answers = reserve(gateways, demands(4, 5, 5, 5));
      for (Granted granted : answers.granted) {
        settle(granted.gateway, granted.reservation, 5, 5);
        done++;
      }
      assertThat(answers.refused)
          .allSatisfy(failure -> {
            var spent = (TenancyFailure.BudgetSpent) failure;
            assertThat(spent.limit()).isEqualByComparingTo("0.1");
            assertThat(spent.spent()).isLessThanOrEqualTo(new BigDecimal("0.1"));
          });
    }

    assertThat(spent()).isLessThanOrEqualTo(new BigDecimal("0.1"));
    assertThat(done).isBetween(8, 10);
  }

  @Test
  void aSpentBudgetNamesTheLedgerPositionItWasDecidedOn() {
    price("output", "1000");
    budget("0.01");
    var gateway = gateway("a", 100, 10_000, 100);
    settle(gateway, await(gateway.quotas().reserve(tenant.demand(0, 10, 10))), 0, 10);

    var answers = reserve(List.of(gateway), demands(1, 0, 10, 10));

    long position =
        await(
            owner
                .preparedQuery("SELECT position FROM usage_events WHERE project_id = $1")
                .execute(Tuple.of(tenant.project().value()))
                .map(rows -> rows.iterator().next().getLong(0)));
    assertThat(answers.refused)
        .singleElement()
        .isInstanceOfSatisfying(
            TenancyFailure.BudgetSpent.class,
            spent -> {
              assertThat(spent.ledgerPosition()).isEqualTo(position);
              assertThat(spent.spent()).isEqualByComparingTo("0.01");
            });
  }

  @Test
  void completionTokensShrinkToWhatTheBudgetStillPays() {
    price("output", "1000");
    budget("0.025");
    var gateway = gateway("a", 100, 100_000, 100);

    var reservation = await(gateway.quotas().reserve(tenant.demand(7, 1, 5_000)));

    assertThat(reservation.completionTokens()).isEqualTo(25);
  }

  @Test
  void whatADeadGatewayHeldComesBackWhenItsLeaseEnds() {
    price("output", "1000");
    budget("0.01");
    var dead = gateway("dead", 100, 10_000, 1);
    await(dead.quotas().reserve(tenant.demand(0, 10, 10)));
    var gateway = gateway("a", 100, 10_000, 1);
    assertThat(reserve(List.of(gateway), demands(1, 0, 10, 10)).refused).hasSize(1);

    execute(
        "UPDATE quota_slots SET expires_at = now() - interval '1 s' WHERE project_id = $1",
        Tuple.of(tenant.project().value()));
    execute(
        "UPDATE quota_money SET expires_at = now() - interval '1 s' WHERE project_id = $1",
        Tuple.of(tenant.project().value()));
    var other = gateway("b", 100, 10_000, 1);

    assertThat(reserve(List.of(other), demands(1, 0, 10, 10)).granted).hasSize(1);
  }

  @Test
  void aWarmCallNeedsNoDatabaseAndAColdOneFailsClosedWithoutIt() {
    var gateway = gateway("a", 60_000, 1_000_000, 1_000);
    // Enough traffic for leases ahead of need.
    for (int i = 0; i < 20; i++) {
      reserve(List.of(gateway), demands(20, 1, 1, 1));
    }
    POSTGRES.setReachable(false);
    try {
      var warm = gateway.quotas().reserve(tenant.demand(1, 1, 1));
      assertThat(warm.succeeded()).isTrue();

      var answers = reserve(List.of(gateway), demands(3_000, 1, 1, 1));
      assertThat(answers.granted).isNotEmpty();
      assertThat(answers.refused)
          .isNotEmpty()
          .allSatisfy(
              failure -> assertThat(failure).isInstanceOf(TenancyFailure.StoreUnavailable.class));
    } finally {
      POSTGRES.setReachable(true);
    }
  }

  private void price(String kind, String perMillion) {
    execute(
        """
        INSERT INTO prices (id, model, kind, per_million, effective_from)
        VALUES (gen_random_uuid(), $1, $2, $3, '2020-01-01')
        ON CONFLICT DO NOTHING
        """,
        Tuple.of(tenant.model(), kind, new BigDecimal(perMillion)));
  }

  private void budget(String dollars) {
    execute(
        """
        INSERT INTO project_limits (project_id, tenant_id, monthly_budget) VALUES ($1, $2, $3)
        """,
        Tuple.of(tenant.project().value(), tenant.id().value(), new BigDecimal(dollars)));
  }

  private BigDecimal spent() {
    return await(
        owner
            .preparedQuery("SELECT spent FROM project_spend WHERE project_id = $1")
            .execute(Tuple.of(tenant.project().value()))
            .map(rows -> rows.iterator().next().getBigDecimal(0)));
  }

  private void execute(String sql, Tuple values) {
    await(owner.preparedQuery(sql).execute(values));
  }
}
