package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.Limits;
import dev.postern.tenancy.ProjectId;
import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The rules of the database's functions, for one project and model. */
final class SimulatedStore {
  private static final int LEASE_SECONDS = 2;

  private record Slots(int held, long until) {}

  private static final class Money {
    long epoch;
    long granted;
    long returned;
    long settled;
    long until;

    long outstanding() {
      return Math.max(0, granted - returned - settled);
    }
  }

  final long requestsLimit;
  final long tokensLimit;
  final int slotsLimit;
  final @Nullable Long budget;
  private final Simulation simulation;
  private final TreeMap<Long, Long> requests = new TreeMap<>();
  private final TreeMap<Long, Long> tokens = new TreeMap<>();
  private final Map<UUID, Slots> slots = new HashMap<>();
  private final Map<UUID, Money> money = new HashMap<>();
  private long epochs;
  private long spent;
  private long events;
  int asked;

  SimulatedStore(
      Simulation simulation,
      long requestsLimit,
      long tokensLimit,
      int slotsLimit,
      @Nullable Long budget) {
    this.simulation = simulation;
    this.requestsLimit = requestsLimit;
    this.tokensLimit = tokensLimit;
    this.slotsLimit = slotsLimit;
    this.budget = budget;
  }

  /** Records an event's price, as the ledger does in the transaction of the event. */
  LeasedQuotas.@Nullable Charge charge(ProjectId project, UUID holder, long nanos) {
    spent += nanos;
    events++;
    Money own = money.get(holder);
    if (own == null) {
      return null;
    }
    own.settled += nanos;
    return new LeasedQuotas.Charge(project, own.epoch, own.settled);
  }

  long spent() {
    return spent;
  }

  /** What one gateway sees of it, each call over a network. */
  QuotaStore seenBy(UUID holder, Duration latency) {
    return new QuotaStore() {
      @Override
      public Future<Grant> acquire(Ask ask) {
        asked++;
        return simulation.remotely(latency, () -> SimulatedStore.this.acquire(holder, ask));
      }

      @Override
      public Future<Void> giveBack(List<Return> returns) {
        return simulation.remotely(
            latency,
            () -> {
              returns.forEach(SimulatedStore.this::giveBack);
              return null;
            });
      }

      @Override
      public Future<Map<ProjectId, Kept>> keep(List<Holding> holdings) {
        return simulation.remotely(latency, () -> SimulatedStore.this.keep(holder, holdings));
      }

      @Override
      public Future<Void> leave() {
        return simulation.remotely(
            latency,
            () -> {
              slots.remove(holder);
              money.remove(holder);
              return null;
            });
      }

      @Override
      public Future<Void> sweep() {
        return Future.succeededFuture();
      }
    };
  }

  private QuotaStore.Grant acquire(UUID holder, QuotaStore.Ask ask) {
    long now = simulation.now();
    long slot = simulation.second() + LEASE_SECONDS + 1;
    long usedRequests = used(requests);
    long usedTokens = used(tokens);
    long freeRequests = requestsLimit - usedRequests;
    long freeTokens = tokensLimit - usedTokens;
    int freeSlots =
        slotsLimit
            - slots.entrySet().stream()
                .filter(held -> !held.getKey().equals(holder) && held.getValue().until > now)
                .mapToInt(held -> held.getValue().held)
                .sum();
    QuotaStore.Refused refused = null;
    if (isShort(ask.requests(), freeRequests)) {
      refused = QuotaStore.Refused.REQUESTS;
    } else if (isShort(ask.tokens(), freeTokens)) {
      refused = QuotaStore.Refused.TOKENS;
    } else if (ask.slots().need() > ask.slotsKept() && ask.slots().need() > freeSlots) {
      refused = QuotaStore.Refused.SLOTS;
    }
    QuotaStore.Money leased = null;
    if (budget != null) {
      Money own = money.computeIfAbsent(holder, id -> new Money());
      if (own.until <= now) {
        own.epoch = ++epochs;
        own.granted = 0;
        own.returned = 0;
        own.settled = 0;
      } else if (own.epoch == ask.moneyEpoch()) {
        own.returned = Math.max(own.returned, ask.moneyReturned());
      }
      own.until = now + QuotaStore.MONEY_TTL.toNanos();
      long freeMoney =
          budget
              - spent
              - money.values().stream()
                  .filter(lease -> lease.until > now)
                  .mapToLong(Money::outstanding)
                  .sum();
      if (refused == null && isShort(ask.money(), freeMoney)) {
        refused = QuotaStore.Refused.MONEY;
      }
      own.granted += refused == null ? granted(ask.money(), freeMoney) : 0;
      leased =
          new QuotaStore.Money(
              BigDecimal.valueOf(budget, 9),
              BigDecimal.valueOf(spent, 9),
              events,
              own.epoch,
              own.granted,
              own.returned,
              own.settled,
              ask.money().want() > freeMoney,
              Duration.ofDays(30).toMillis());
    }
    long newRequests = refused == null ? granted(ask.requests(), freeRequests) : 0;
    long newTokens = refused == null ? granted(ask.tokens(), freeTokens) : 0;
    int held = ask.slotsKept();
    if (refused == null) {
      held = Math.max(held, (int) Math.min(ask.slots().want(), freeSlots));
      held += (int) Math.max(0, Math.min(ask.slots().ahead(), (freeSlots - held) / 4));
    }
    requests.merge(slot, newRequests, Long::sum);
    tokens.merge(slot, newTokens, Long::sum);
    slots.put(holder, new Slots(held, now + QuotaStore.SLOTS_TTL.toNanos()));
    return new QuotaStore.Grant(
        refused,
        slot,
        LEASE_SECONDS * 1000,
        new QuotaStore.Window(requestsLimit, usedRequests + newRequests, newRequests, 1_000L),
        new QuotaStore.Window(tokensLimit, usedTokens + newTokens, newTokens, 1_000L),
        slotsLimit,
        held,
        leased,
        Limits.Share.STANDARD);
  }

  private static boolean isShort(QuotaStore.Want want, long free) {
    return want.need() > 0 && want.need() > free;
  }

  private static long granted(QuotaStore.Want want, long free) {
    long granted = Math.max(0, Math.min(want.want(), free));
    return granted + Math.max(0, Math.min(want.ahead(), (free - granted) / 4));
  }

  private long used(TreeMap<Long, Long> window) {
    window.headMap(simulation.second() - 59).clear();
    return window.values().stream().mapToLong(units -> units).sum();
  }

  private void giveBack(QuotaStore.Return back) {
    used(requests);
    used(tokens);
    long slot = back.tokens() < 0 ? simulation.second() + LEASE_SECONDS + 1 : back.slot();
    requests.computeIfPresent(slot, (at, units) -> Math.max(0, units - back.requests()));
    if (back.tokens() < 0) {
      tokens.merge(slot, -back.tokens(), Long::sum);
    } else {
      tokens.computeIfPresent(slot, (at, units) -> Math.max(0, units - back.tokens()));
    }
  }

  private Map<ProjectId, QuotaStore.Kept> keep(UUID holder, List<QuotaStore.Holding> holdings) {
    long now = simulation.now();
    Map<ProjectId, QuotaStore.Kept> kept = new HashMap<>();
    for (QuotaStore.Holding holding : holdings) {
      Slots own = slots.get(holder);
      boolean keptSlots = false;
      if (own != null && own.until > now) {
        keptSlots = true;
        int held = Math.min(own.held, holding.slots());
        slots.put(holder, new Slots(held, now + QuotaStore.SLOTS_TTL.toNanos()));
      }
      Money lease = money.get(holder);
      boolean keptMoney = false;
      if (lease != null && lease.until > now && lease.epoch == holding.moneyEpoch()) {
        keptMoney = true;
        lease.returned = Math.max(lease.returned, holding.moneyReturned());
        lease.until = now + QuotaStore.MONEY_TTL.toNanos();
      }
      kept.put(holding.project(), new QuotaStore.Kept(keptSlots, keptMoney));
    }
    return kept;
  }
}
