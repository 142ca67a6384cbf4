package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.Limits.Share;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Everything a gateway has leased for one project, and the arithmetic of spending it: what a call
 * takes, what to ask the store for, what a refusal means. No I/O; every method runs under the lock
 * of this object. Times are monotonic nanoseconds.
 */
final class ProjectAllowance {
  private static final long REFUSAL_NANOS = Duration.ofMillis(200).toNanos();
  private static final Duration SLOT_WAIT = Duration.ofSeconds(1);

  final TenantId tenant;
  final ProjectId id;
  final SlotPool slots = new SlotPool();
  final MoneyPool money = new MoneyPool();
  final Map<String, ModelAllowance> models = new HashMap<>();
  final ArrayDeque<Waiter> waiters = new ArrayDeque<>();

  /** One request to the store at a time, so that its answers come in order. */
  boolean asking;

  /** Grows when limits change; an answer to a question of before is worth nothing. */
  long generation;

  boolean evicted;
  private Share share = Share.STANDARD;
  private @Nullable ModelAllowance low;

  ProjectAllowance(TenantId tenant, ProjectId id) {
    this.tenant = tenant;
    this.id = id;
  }

  ModelAllowance model(String name) {
    return models.computeIfAbsent(name, ModelAllowance::new);
  }

  /**
   * Takes all that a call needs, or nothing.
   *
   * @param lessWillDo whether fewer completion tokens than the maximum are taken where the store
   *     has no more to give
   * @return null when something is missing
   */
  @Nullable Held take(Call call, ModelAllowance model, long now, boolean lessWillDo) {
    model.lastUsed = now;
    if (!slots.isFree(now) || model.requests.available(now) < 1 || !money.isKnown(now)) {
      return null;
    }
    long prompt = call.demand().promptTokens();
    long completion = call.demand().maxCompletionTokens();
    long nanos = call.maxNanos();
    long tokens = model.tokens.available(now);
    if (tokens < call.maxTokens() || isUnaffordable(nanos)) {
      completion = Math.min(completion, tokens - prompt);
      if (isUnaffordable(nanos)) {
        completion = Math.min(completion, call.cost().affordable(money.free(), prompt));
      }
      nanos = call.cost().nanos(prompt, Math.max(0, completion));
      boolean enough = completion >= call.demand().minCompletionTokens() && !isUnaffordable(nanos);
      if (!lessWillDo || !enough) {
        return null;
      }
    }
    slots.take();
    model.requests.take(1);
    var taken = model.tokens.take(prompt + completion);
    money.reserve(nanos, now);
    model.used(prompt + completion, now);
    if (model.isLow(now)) {
      low = model;
    }
    return new Held(this, model, call, completion, nanos, taken, model.status(now), share);
  }

  private boolean isUnaffordable(long nanos) {
    return nanos > 0 && nanos > money.free();
  }

  /** Ends what a call held but its money, which stays until the ledger has its price. */
  void release(Held held, long usedTokens, long now) {
    if (held.released) {
      return;
    }
    held.released = true;
    slots.release();
    if (usedTokens < held.tokens) {
      held.model.tokens.giveBack(held.taken, held.tokens - usedTokens, now);
    } else if (usedTokens > held.tokens) {
      held.model.tokens.owe(usedTokens - held.tokens, now);
    }
  }

  /** What to ask the store for now; null when nothing is missing. */
  QuotaStore.@Nullable Ask nextAsk(long now) {
    Waiter head = waiters.peekFirst();
    ModelAllowance model = head == null ? low : head.model();
    low = null;
    if (model == null) {
      return null;
    }
    long wantedTokens = 0;
    long wantedNanos = 0;
    int waiting = 0;
    for (Waiter waiter : waiters) {
      if (waiter.model() == model) {
        waiter.asked();
        waiting++;
        wantedTokens += waiter.call().maxTokens();
        wantedNanos += waiter.call().maxNanos();
      }
    }
    // Money of a lease that ran out may still be there: first learn what is.
    boolean countMoney = money.isKnown(now) || money.epoch() == 0;
    long free = countMoney && money.epoch() != 0 ? money.free() : 0;
    return new QuotaStore.Ask(
        tenant,
        id,
        model.model,
        want(
            head == null ? 0 : 1, waiting, model.requestsAhead(now), model.requests.available(now)),
        want(
            head == null ? 0 : head.call().minTokens(),
            wantedTokens,
            model.tokensAhead(now),
            model.tokens.available(now)),
        slots.kept(now),
        new QuotaStore.Want(
            slots.used() + (head == null ? 0 : 1),
            slots.used() + waiting,
            Math.max(0, slots.ahead() - Math.max(0, slots.kept(now) - slots.used() - waiting))),
        countMoney
            ? want(head == null ? 0 : head.call().minNanos(), wantedNanos, money.ahead(now), free)
            : QuotaStore.Want.NOTHING,
        money.epoch(),
        money.returned());
  }

  private static QuotaStore.Want want(long need, long want, long ahead, long available) {
    long missing = Math.max(0, want - available);
    long spare = Math.max(0, available - want);
    return new QuotaStore.Want(Math.max(0, need - available), missing, Math.max(0, ahead - spare));
  }

  /** Takes in what the store leased; the times count from before the question was sent. */
  void granted(QuotaStore.Grant grant, ModelAllowance model, long sent, long now) {
    model.grant(grant, sent + Duration.ofMillis(grant.leaseMillis()).toNanos());
    slots.grant(grant.slotsHeld(), sent + QuotaStore.SLOTS_TTL.toNanos());
    money.grant(grant.money(), sent);
    share = grant.share();
    QuotaStore.Refused refused = grant.refused();
    model.refusal =
        refused == null
            ? null
            : new ModelAllowance.Refusal(
                grant, refused, refusedNeed(refused, model), now + REFUSAL_NANOS);
  }

  private long refusedNeed(QuotaStore.Refused refused, ModelAllowance model) {
    Waiter head = waiters.peekFirst();
    return head == null || head.model() != model ? Long.MAX_VALUE : need(head.call(), refused);
  }

  private static long need(Call call, QuotaStore.Refused limit) {
    return switch (limit) {
      case REQUESTS, SLOTS -> 1;
      case TOKENS -> call.minTokens();
      case MONEY -> call.minNanos();
    };
  }

  /** The refusal that stands for this call too; null when the store has to be asked. */
  @Nullable TenancyFailure refusal(Call call, ModelAllowance model, long now) {
    ModelAllowance.Refusal refusal = model.refusal;
    if (refusal == null || refusal.until() - now <= 0) {
      return null;
    }
    if (need(call, refusal.limit()) < refusal.need()
        || !isMissing(call, model, refusal.limit(), now)) {
      return null;
    }
    QuotaStore.Grant grant = refusal.grant();
    return switch (refusal.limit()) {
      case REQUESTS ->
          reached(TenancyFailure.Metric.REQUESTS_PER_MINUTE, model, grant.requests(), 1, now);
      case TOKENS ->
          reached(
              TenancyFailure.Metric.TOKENS_PER_MINUTE,
              model,
              grant.tokens(),
              call.minTokens(),
              now);
      case SLOTS ->
          new TenancyFailure.LimitReached(
              TenancyFailure.Metric.CONCURRENT_REQUESTS,
              "project",
              grant.slotsLimit(),
              1,
              grant.slotsLimit() < 1,
              SLOT_WAIT,
              model.status(now));
      case MONEY -> spent(grant.money(), model, now);
    };
  }

  /** Whether the call still lacks it here: what ends or is refunded may be just what it needs. */
  private boolean isMissing(Call call, ModelAllowance model, QuotaStore.Refused limit, long now) {
    return switch (limit) {
      case REQUESTS -> model.requests.available(now) < 1;
      case TOKENS -> model.tokens.available(now) < call.minTokens();
      case SLOTS -> !slots.isFree(now);
      case MONEY -> !money.isKnown(now) || isUnaffordable(call.minNanos());
    };
  }

  private static TenancyFailure reached(
      TenancyFailure.Metric metric,
      ModelAllowance model,
      QuotaStore.Window window,
      long requested,
      long now) {
    Long wait = window.waitMillis();
    boolean impossible = requested > window.limit();
    return new TenancyFailure.LimitReached(
        metric,
        model.model,
        window.limit(),
        requested,
        impossible,
        impossible || wait == null ? Duration.ZERO : Duration.ofMillis(Math.max(1, wait)),
        model.status(now));
  }

  private static @Nullable TenancyFailure spent(
      QuotaStore.@Nullable Money money, ModelAllowance model, long now) {
    return money == null
        ? null
        : new TenancyFailure.BudgetSpent(
            money.limit(), money.spent(), "usd", money.position(), model.status(now));
  }

  /** Limits have changed: nothing is spent before the store was asked again. */
  void forget(long now) {
    generation++;
    for (ModelAllowance model : models.values()) {
      model.requests.drop();
      model.tokens.drop();
      model.refusal = null;
    }
    slots.forget(now);
    money.forget();
  }

  boolean wantsMore() {
    return !asking && (low != null || !waiters.isEmpty());
  }

  /** Whether nothing is leased, used or waited for. */
  boolean isIdle(long now, long since) {
    return !asking
        && waiters.isEmpty()
        && slots.used() == 0
        && slots.held() == 0
        && !money.holds()
        && models.values().stream().allMatch(model -> isIdle(model, now, since));
  }

  /** Drops the models that nobody has called for a while. */
  void dropIdleModels(long now, long since) {
    models.values().removeIf(model -> isIdle(model, now, since));
  }

  private static boolean isIdle(ModelAllowance model, long now, long since) {
    return model.waiting == 0 && model.lastUsed - since < 0 && !model.hasReturns(now);
  }
}
