package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Quotas;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.internal.quota.QuotaStore.Holding;
import dev.postern.tenancy.internal.quota.QuotaStore.Kept;
import dev.postern.tenancy.internal.quota.QuotaStore.Return;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spends leases in memory and fetches new ones before they run out. Calls that find nothing leased
 * at the same moment share one question to the store.
 */
public final class LeasedQuotas implements Quotas {
  private static final Logger LOG = LoggerFactory.getLogger(LeasedQuotas.class);
  private static final int MAX_WAITERS = 10_000;
  private static final int MAX_ROUNDS = 8;
  private static final int MAX_RETURNS = 500;
  private static final int MAX_MODEL_NAME = 200;

  /** More than any call takes, and few enough that sums of many fit. */
  private static final long MAX_TOKENS = 1L << 40;

  /** No window reaches further back than this. */
  private static final long IDLE_NANOS = Duration.ofSeconds(120).toNanos();

  private final QuotaStore store;
  private final Function<String, TokenCost> prices;
  private final LongSupplier clock;
  private final Map<ProjectId, ProjectAllowance> projects = new ConcurrentHashMap<>();

  /**
   * @param prices what tokens of a model cost now
   * @param clock monotonic nanoseconds
   */
  LeasedQuotas(QuotaStore store, Function<String, TokenCost> prices, LongSupplier clock) {
    this.store = store;
    this.prices = prices;
    this.clock = clock;
  }

  /**
   * Leases from PostgreSQL.
   *
   * @param holder the name of this gateway as a holder of leases
   */
  public static LeasedQuotas over(
      Pool pool, UUID holder, DefaultLimits defaults, Function<String, TokenCost> prices) {
    return new LeasedQuotas(new PgQuotaStore(pool, holder, defaults), prices, System::nanoTime);
  }

  @Override
  public Future<Reservation> reserve(Demand demand) {
    if (demand.model().length() > MAX_MODEL_NAME || demand.model().indexOf('\0') >= 0) {
      return refused(new TenancyFailure.NotFound("model", demand.model()));
    }
    var call = new Call(bounded(demand), prices.apply(demand.model()));
    while (true) {
      ProjectAllowance project =
          projects.computeIfAbsent(
              demand.project(), id -> new ProjectAllowance(demand.principal().tenant(), id));
      Held held;
      Waiter waiter = null;
      boolean wantsMore;
      synchronized (project) {
        if (project.evicted) {
          continue;
        }
        long now = clock.getAsLong();
        ModelAllowance model = project.model(demand.limitedModel());
        held = model.waiting == 0 ? project.take(call, model, now, false) : null;
        if (held == null) {
          TenancyFailure refusal = project.refusal(call, model, now);
          if (refusal != null) {
            return refused(refusal);
          }
          if (project.waiters.size() >= MAX_WAITERS) {
            return refused(new TenancyFailure.StoreUnavailable());
          }
          waiter = new Waiter(call, model);
          model.waiting++;
          project.waiters.addLast(waiter);
        }
        wantsMore = project.wantsMore();
      }
      if (wantsMore) {
        ask(project);
      }
      return waiter == null ? Future.succeededFuture(held) : waiter.future();
    }
  }

  /** Clients can ask for absurd numbers; above the bound they are as impossible. */
  private static Demand bounded(Demand demand) {
    if (demand.promptTokens() <= MAX_TOKENS && demand.maxCompletionTokens() <= MAX_TOKENS) {
      return demand;
    }
    return new Demand(
        demand.requestId(),
        demand.principal(),
        demand.project(),
        demand.model(),
        Math.min(demand.promptTokens(), MAX_TOKENS),
        Math.min(demand.minCompletionTokens(), MAX_TOKENS),
        Math.min(demand.maxCompletionTokens(), MAX_TOKENS));
  }

  private static Future<Reservation> refused(TenancyFailure failure) {
    return Future.failedFuture(new TenancyException(failure));
  }

  private void ask(ProjectAllowance project) {
    QuotaStore.Ask ask;
    ModelAllowance model;
    List<Return> returns = new ArrayList<>();
    long generation;
    long sent;
    synchronized (project) {
      sent = clock.getAsLong();
      ask = project.asking ? null : project.nextAsk(sent);
      if (ask == null) {
        return;
      }
      project.asking = true;
      generation = project.generation;
      model = project.model(ask.model());
      model.collectReturns(project.id, sent, returns);
    }
    // What is to go back may be just what this call lacks. The lease counts from before that.
    Future<Void> before = returns.isEmpty() ? Future.succeededFuture() : store.giveBack(returns);
    before
        .compose(ignored -> store.acquire(ask))
        .onComplete(
            (grant, failure) -> answered(project, model, ask, generation, sent, grant, failure));
  }

  private void answered(
      ProjectAllowance project,
      ModelAllowance model,
      QuotaStore.Ask ask,
      long generation,
      long sent,
      QuotaStore.@Nullable Grant grant,
      @Nullable Throwable failure) {
    List<Runnable> answers = new ArrayList<>();
    boolean wantsMore;
    synchronized (project) {
      long now = clock.getAsLong();
      project.asking = false;
      if (grant != null) {
        project.granted(grant, model, sent, now);
        if (generation == project.generation) {
          boolean isShort =
              grant.tokens().granted() < ask.tokens().want()
                  || (grant.money() != null && grant.money().isShort());
          serve(project, model, now, isShort, answers);
        } else {
          project.forget(now);
        }
      } else {
        LOG.warn("No quota lease for project {}: {}", project.id.value(), String.valueOf(failure));
        serve(project, model, now, true, answers);
        abandon(project, model, answers);
      }
      wantsMore = project.wantsMore();
    }
    answers.forEach(Runnable::run);
    if (wantsMore) {
      ask(project);
    }
  }

  /** Gives what there is to those who wait for this model, in the order they came. */
  private void serve(
      ProjectAllowance project,
      ModelAllowance model,
      long now,
      boolean isShort,
      List<Runnable> answers) {
    for (Iterator<Waiter> waiters = project.waiters.iterator(); waiters.hasNext(); ) {
      Waiter waiter = waiters.next();
      if (waiter.model() != model) {
        continue;
      }
      // Who came after the question was sent may have what it leased ahead, but no less than all.
      boolean lessWillDo = isShort && waiter.rounds() > 0;
      Held held = project.take(waiter.call(), model, now, lessWillDo);
      TenancyFailure refusal = held == null ? project.refusal(waiter.call(), model, now) : null;
      if (held == null && refusal == null && waiter.rounds() >= MAX_ROUNDS) {
        refusal = new TenancyFailure.StoreUnavailable();
      }
      if (held == null && refusal == null) {
        // The others wait behind it, so that a large call is not starved by small ones.
        return;
      }
      waiters.remove();
      model.waiting--;
      answers.add(answer(waiter, held, refusal));
    }
  }

  private static Runnable answer(
      Waiter waiter, @Nullable Held held, @Nullable TenancyFailure refusal) {
    if (held != null) {
      return () -> waiter.grant(held);
    }
    TenancyFailure why = refusal == null ? new TenancyFailure.StoreUnavailable() : refusal;
    return () -> waiter.refuse(why);
  }

  private static void abandon(
      ProjectAllowance project, ModelAllowance model, List<Runnable> answers) {
    project.waiters.removeIf(waiter -> {
      boolean mine = waiter.model() == model && waiter.rounds() > 0;
      if (mine) {
        model.waiting--;
        answers.add(answer(waiter, null, null));
      }
      return mine;
    });
  }

  /**
   * Ends a call's share of the limits. Its money stays reserved until {@link #charge} or {@link
   * #drained}.
   *
   * @param usedTokens the true number, which may be larger than what was reserved
   */
  public void release(Reservation reservation, long usedTokens) {
    Held held = (Held) reservation;
    synchronized (held.project) {
      held.project.release(held, Math.clamp(usedTokens, 0, MAX_TOKENS), clock.getAsLong());
    }
  }

  /** The ledger holds the call's event, and {@code charges} what that took from the leases. */
  public void committed(List<Reservation> reservations, List<Charge> charges) {
    for (Charge charge : charges) {
      ProjectAllowance project = projects.get(charge.project());
      if (project != null) {
        synchronized (project) {
          project.money.charged(charge.epoch(), charge.total());
        }
      }
    }
    for (Reservation reservation : reservations) {
      Held held = (Held) reservation;
      synchronized (held.project) {
        if (!held.charged) {
          held.charged = true;
          held.project.money.release(held.nanos);
        }
      }
    }
  }

  /** The calls' events wait in the spool. */
  public void spooled(List<Reservation> reservations) {
    for (Reservation reservation : reservations) {
      Held held = (Held) reservation;
      synchronized (held.project) {
        if (!held.charged) {
          held.charged = true;
          held.project.money.spool(held.nanos);
        }
      }
    }
  }

  /** The ledger holds all that was spooled. */
  public void drained() {
    for (ProjectAllowance project : projects.values()) {
      synchronized (project) {
        project.money.drained();
      }
    }
  }

  /** Limits or budget of a project have changed. */
  public void limitsChanged(ProjectId id) {
    ProjectAllowance project = projects.get(id);
    if (project != null) {
      synchronized (project) {
        project.forget(clock.getAsLong());
      }
    }
  }

  /** Any limit may have changed. */
  public void limitsChanged() {
    projects.keySet().forEach(this::limitsChanged);
  }

  /** Returns what expired unspent. To be called a few times a second. */
  Future<Void> returnExpired() {
    long now = clock.getAsLong();
    List<Return> returns = new ArrayList<>();
    for (ProjectAllowance project : projects.values()) {
      synchronized (project) {
        project.models.values().forEach(m -> m.collectReturns(project.id, now, returns));
        project.dropIdleModels(now, now - IDLE_NANOS);
        if (project.isIdle(now, now - IDLE_NANOS)) {
          project.evicted = true;
          projects.remove(project.id, project);
        }
      }
    }
    Future<Void> sent = Future.succeededFuture();
    for (int from = 0; from < returns.size(); from += MAX_RETURNS) {
      List<Return> part =
          List.copyOf(returns.subList(from, Math.min(returns.size(), from + MAX_RETURNS)));
      sent = sent.compose(ignored -> store.giveBack(part));
    }
    return sent;
  }

  /** Renews what is in use and lets go of the rest. To be called every few seconds. */
  Future<Void> keep() {
    List<Holding> holdings = new ArrayList<>();
    List<ProjectAllowance> kept = new ArrayList<>();
    long sent = clock.getAsLong();
    for (ProjectAllowance project : projects.values()) {
      synchronized (project) {
        if (project.asking || (project.slots.held() == 0 && !project.money.holds())) {
          continue;
        }
        project.asking = true;
        project.money.trim(sent);
        holdings.add(
            new Holding(
                project.id, project.slots.trim(), project.money.epoch(), project.money.returned()));
        kept.add(project);
      }
    }
    if (holdings.isEmpty()) {
      return Future.succeededFuture();
    }
    return store
        .keep(holdings)
        .onComplete((renewed, failure) -> kept.forEach(p -> renewed(p, sent, renewed)))
        .mapEmpty();
  }

  private void renewed(
      ProjectAllowance project, long sent, @Nullable Map<ProjectId, Kept> renewed) {
    boolean wantsMore;
    synchronized (project) {
      project.asking = false;
      if (renewed != null) {
        Kept kept = renewed.getOrDefault(project.id, new Kept(false, false));
        if (kept.slots()) {
          project.slots.extend(sent + QuotaStore.SLOTS_TTL.toNanos());
        } else {
          project.slots.forget(sent);
        }
        if (kept.money()) {
          project.money.extend(sent);
        }
      }
      wantsMore = project.wantsMore();
    }
    if (wantsMore) {
      ask(project);
    }
  }

  /** Forgets in the store what no longer limits anything. To be called once in a while. */
  Future<Void> sweep() {
    return store.sweep();
  }

  /** Returns everything; no call may follow. */
  Future<Void> leave() {
    long now = clock.getAsLong();
    for (ProjectAllowance project : projects.values()) {
      synchronized (project) {
        project.forget(now);
      }
    }
    return returnExpired().eventually(store::leave);
  }

  /** All that the ledger ever took from a project's lease in this epoch, in nanodollars. */
  public record Charge(ProjectId project, long epoch, long total) {}
}
