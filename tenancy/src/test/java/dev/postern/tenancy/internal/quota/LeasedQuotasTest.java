package dev.postern.tenancy.internal.quota;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Quotas.Demand;
import dev.postern.tenancy.Quotas.Reservation;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Several gateways over one store, by random schedules that repeat by their seed. */
class LeasedQuotasTest {
  private static final ProjectId PROJECT = new ProjectId(new UUID(0, 1));
  private static final Principal CALLER =
      new Principal(
          Principal.Kind.PROJECT_KEY, new TenantId(new UUID(0, 2)), PROJECT, new UUID(0, 3), "key");

  /** A nanodollar a token. */
  private static final TokenCost PRICE =
      TokenCost.of(new BigDecimal("0.001"), new BigDecimal("0.001"));

  private static final Duration LATENCY = Duration.ofMillis(20);

  private static Demand demand(long prompt, long min, long max) {
    return new Demand(new UUID(0, 4), CALLER, PROJECT, "model", prompt, min, max);
  }

  private static LeasedQuotas quotas(Simulation simulation, SimulatedStore store, UUID holder) {
    return new LeasedQuotas(store.seenBy(holder, LATENCY), model -> PRICE, simulation::now);
  }

  /** What was let through, and what it took in the end. */
  private static final class Passed {
    final long at;
    long tokens;

    Passed(long at, long tokens) {
      this.at = at;
      this.tokens = tokens;
    }
  }

  /** A gateway with its calls, which a crash takes along. */
  private static final class GatewayProcess {
    final UUID holder = new UUID(7, System.identityHashCode(this));
    final LeasedQuotas quotas;
    int running;
    boolean dead;

    GatewayProcess(Simulation simulation, SimulatedStore store) {
      quotas = quotas(simulation, store, holder);
    }
  }

  /** One random run. */
  private static final class Run {
    final Simulation simulation;
    final SimulatedStore store;
    final List<GatewayProcess> gateways = new ArrayList<>();
    final List<Passed> passed = new ArrayList<>();
    int peak;
    int refused;

    Run(long seed, long requests, long tokens, int slots, @Nullable Long budget) {
      simulation = new Simulation(seed);
      store = new SimulatedStore(simulation, requests, tokens, slots, budget);
      for (int i = 0; i < 3; i++) {
        startGateway();
      }
    }

    void startGateway() {
      var gateway = new GatewayProcess(simulation, store);
      gateways.add(gateway);
      tick(gateway, 1);
    }

    private void tick(GatewayProcess gateway, int number) {
      simulation.after(
          Duration.ofMillis(500),
          () -> {
            if (!gateway.dead) {
              gateway.quotas.returnExpired();
              if (number % 4 == 0) {
                gateway.quotas.keep();
              }
              tick(gateway, number + 1);
            }
          });
    }

    void traffic(Duration between, Duration length, int maxTokens) {
      if (length.isNegative()) {
        return;
      }
      Duration pause = simulation.upTo(between.multipliedBy(2));
      simulation.after(
          pause,
          () -> {
            call(gateways.get(simulation.random.nextInt(gateways.size())), maxTokens);
            traffic(between, length.minus(pause), maxTokens);
          });
    }

    private void call(GatewayProcess gateway, int maxTokens) {
      long prompt = simulation.random.nextInt(maxTokens);
      long min = simulation.random.nextInt(maxTokens);
      long max = min + simulation.random.nextInt(maxTokens);
      gateway
          .quotas
          .reserve(demand(prompt, min, max))
          .onComplete((held, failure) -> {
            if (failure != null) {
              refused++;
            } else if (!gateway.dead) {
              assertThat(held.completionTokens()).isBetween(min, max);
              begin(gateway, held, prompt);
            }
          });
    }

    private void begin(GatewayProcess gateway, Reservation held, long prompt) {
      var call = new Passed(simulation.now(), prompt + held.completionTokens());
      passed.add(call);
      gateway.running++;
      peak = Math.max(peak, gateways.stream().mapToInt(g -> g.running).sum());
      simulation.after(
          simulation.upTo(Duration.ofSeconds(5)),
          () -> {
            if (!gateway.dead) {
              gateway.running--;
              long used = prompt + simulation.random.nextLong(held.completionTokens() + 1);
              call.tokens = used;
              gateway.quotas.release(held, used);
              settle(gateway, held, used);
            }
          });
    }

    private void settle(GatewayProcess gateway, Reservation held, long nanos) {
      simulation
          .remotely(
              LATENCY,
              () -> {
                var charge = store.charge(PROJECT, gateway.holder, nanos);
                return charge == null ? List.<LeasedQuotas.Charge>of() : List.of(charge);
              })
          .onSuccess(charges -> gateway.quotas.committed(List.of(held), charges));
    }

    void crashes(Duration between, int count) {
      for (int i = 1; i <= count; i++) {
        simulation.after(
            between.multipliedBy(i),
            () -> {
              var victim = gateways.remove(simulation.random.nextInt(gateways.size()));
              victim.dead = true;
              startGateway();
            });
      }
    }

    /** The most that any sixty seconds hold. */
    long peakOfWindow(ToLongFunction<Passed> units) {
      passed.sort(Comparator.comparingLong(call -> call.at));
      var window = new ArrayDeque<Passed>();
      long sum = 0;
      long most = 0;
      for (Passed call : passed) {
        window.addLast(call);
        sum += units.applyAsLong(call);
        while (call.at - window.getFirst().at >= TimeUnit.SECONDS.toNanos(60)) {
          sum -= units.applyAsLong(window.removeFirst());
        }
        most = Math.max(most, sum);
      }
      return most;
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
  void noSlidingMinuteHoldsMoreRequestsThanTheLimit(long seed) {
    var run = new Run(seed, 100 + 40 * seed, 1_000_000_000, 100_000, null);
    run.traffic(Duration.ofMillis(60), Duration.ofSeconds(300), 10);
    run.crashes(Duration.ofSeconds(45), 5);

    run.simulation.run(Duration.ofSeconds(310));

    assertThat(run.peakOfWindow(call -> 1)).isLessThanOrEqualTo(run.store.requestsLimit);
    // And little of it is wasted.
    assertThat(run.peakOfWindow(call -> 1)).isGreaterThan(run.store.requestsLimit * 8 / 10);
    assertThat(run.refused).isPositive();
  }

  @ParameterizedTest
  @ValueSource(longs = {11, 12, 13, 14, 15, 16, 17, 18})
  void noSlidingMinuteHoldsMoreTokensThanTheLimit(long seed) {
    var run = new Run(seed, 1_000_000, 2_000 * seed, 100_000, null);
    run.traffic(Duration.ofMillis(100), Duration.ofSeconds(300), 200);
    run.crashes(Duration.ofSeconds(70), 3);

    run.simulation.run(Duration.ofSeconds(310));

    assertThat(run.peakOfWindow(call -> call.tokens)).isLessThanOrEqualTo(run.store.tokensLimit);
    assertThat(run.refused).isPositive();
  }

  @ParameterizedTest
  @ValueSource(longs = {21, 22, 23, 24, 25, 26})
  void neverDoMoreCallsRunThanTheLimit(long seed) {
    var run = new Run(seed, 1_000_000, 1_000_000_000, 12, null);
    run.traffic(Duration.ofMillis(100), Duration.ofSeconds(200), 10);
    run.crashes(Duration.ofSeconds(40), 4);

    run.simulation.run(Duration.ofSeconds(210));

    assertThat(run.peak).isBetween(10, 12);
    assertThat(run.refused).isPositive();
  }

  @ParameterizedTest
  @ValueSource(longs = {5, 6, 8, 13, 21, 34, 55, 60})
  void aBudgetIsNeverOverspent(long seed) {
    long budget = 15_000 * seed;
    var run = new Run(seed, 1_000_000, 1_000_000_000, 100_000, budget);
    run.traffic(Duration.ofMillis(50), Duration.ofSeconds(300), 200);
    run.crashes(Duration.ofSeconds(70), 3);

    run.simulation.run(Duration.ofSeconds(400));

    assertThat(run.store.spent()).isLessThanOrEqualTo(budget);
    assertThat(run.store.spent()).isGreaterThan(budget * 9 / 10);
  }

  @Test
  void callsOfOneMomentShareAQuestion() {
    var simulation = new Simulation(1);
    var store = new SimulatedStore(simulation, 10_000, 1_000_000, 1_000, null);
    var quotas = quotas(simulation, store, new UUID(0, 9));
    List<Future<Reservation>> asked = new ArrayList<>();

    for (int i = 0; i < 200; i++) {
      asked.add(quotas.reserve(demand(1, 1, 1)));
    }
    simulation.run(Duration.ofSeconds(1));

    assertThat(asked).allMatch(Future::succeeded);
    // The first call asks alone, the others while that is under way.
    assertThat(store.asked).isLessThanOrEqualTo(3);
  }

  @Test
  void aSteadyLoadIsAnsweredFromMemory() {
    var simulation = new Simulation(1);
    var store = new SimulatedStore(simulation, 100_000, 10_000_000, 1_000, null);
    var quotas = quotas(simulation, store, new UUID(0, 9));
    int warm = 0;
    int calls = 5_000;
    for (int i = 0; i < calls; i++) {
      var held = quotas.reserve(demand(1, 1, 1));
      warm += held.succeeded() ? 1 : 0;
      held.onSuccess(reservation -> quotas.release(reservation, 2));
      simulation.run(Duration.ofMillis(2));
    }

    assertThat(warm).isGreaterThan(calls * 98 / 100);
    assertThat(store.asked).isLessThan(calls / 20);
  }

  @Test
  void aClosedDoorIsAnsweredFromMemoryForAMoment() {
    var simulation = new Simulation(1);
    var store = new SimulatedStore(simulation, 1, 1_000, 1_000, null);
    var quotas = quotas(simulation, store, new UUID(0, 9));
    quotas.reserve(demand(1, 1, 1));
    quotas.reserve(demand(1, 1, 1));
    simulation.run(Duration.ofMillis(100));
    int before = store.asked;

    var refused = quotas.reserve(demand(1, 1, 1));

    assertThat(refused.failed()).isTrue();
    assertThat(((TenancyException) refused.cause()).failure())
        .isInstanceOf(TenancyFailure.LimitReached.class);
    assertThat(store.asked).isEqualTo(before);
  }

  @Test
  void aRefusalIsForgottenWhenWhatWasMissingIsThereAgain() {
    var simulation = new Simulation(1);
    var store = new SimulatedStore(simulation, 100, 1_000, 1, null);
    var quotas = quotas(simulation, store, new UUID(0, 9));
    var held = quotas.reserve(demand(1, 1, 1));
    var refused = quotas.reserve(demand(1, 1, 1));
    simulation.run(Duration.ofMillis(100));
    assertThat(refused.failed()).isTrue();

    quotas.release(held.result(), 2);
    var next = quotas.reserve(demand(1, 1, 1));
    simulation.run(Duration.ofMillis(100));

    assertThat(next.succeeded()).isTrue();
  }

  @Test
  void absurdNumbersAreImpossibleAndNoFault() {
    var simulation = new Simulation(1);
    var store = new SimulatedStore(simulation, 100, 1_000, 100, 1_000L);
    var quotas = quotas(simulation, store, new UUID(0, 9));

    var refused = quotas.reserve(demand(Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE));
    simulation.run(Duration.ofSeconds(1));

    assertThat(((TenancyException) refused.cause()).failure())
        .isInstanceOfSatisfying(
            TenancyFailure.LimitReached.class,
            reached -> assertThat(reached.impossible()).isTrue());
  }

  @Test
  void whatWasNotUsedGoesBackToTheOthers() {
    var simulation = new Simulation(1);
    var store = new SimulatedStore(simulation, 100, 1_000, 100, null);
    var a = quotas(simulation, store, new UUID(0, 8));
    var b = quotas(simulation, store, new UUID(0, 9));
    var held = a.reserve(demand(500, 500, 500));
    simulation.run(Duration.ofMillis(100));
    a.release(held.result(), 10);
    simulation.run(Duration.ofSeconds(3));
    a.returnExpired();
    simulation.run(Duration.ofMillis(100));

    var other = b.reserve(demand(500, 400, 400));
    simulation.run(Duration.ofMillis(100));

    assertThat(other.succeeded()).isTrue();
  }
}
