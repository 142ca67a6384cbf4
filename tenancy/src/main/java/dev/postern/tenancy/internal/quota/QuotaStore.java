package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.Limits.Share;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where all gateways lease from. */
interface QuotaStore {
  /** How long a share of concurrency is held without a sign of life. */
  Duration SLOTS_TTL = Duration.ofSeconds(10);

  /** How long leased money is held without a sign of life. */
  Duration MONEY_TTL = Duration.ofSeconds(60);

  Future<Grant> acquire(Ask ask);

  Future<Void> giveBack(List<Return> returns);

  /**
   * Renews and lowers what is held.
   *
   * @return what was renewed; a project that is missing, or false, has lost its lease
   */
  Future<Map<ProjectId, Kept>> keep(List<Holding> holdings);

  /** Lets go of all slots and money. */
  Future<Void> leave();

  /** Forgets what no longer limits anything. */
  Future<Void> sweep();

  /**
   * A request for a lease.
   *
   * @param slotsKept how many slots are held already and stay so
   * @param moneyEpoch which series of {@code moneyReturned} this is; 0 for none yet
   * @param moneyReturned all that was ever returned in this epoch, nanodollars
   */
  record Ask(
      TenantId tenant,
      ProjectId project,
      String model,
      Want requests,
      Want tokens,
      int slotsKept,
      Want slots,
      Want money,
      long moneyEpoch,
      long moneyReturned) {}

  /**
   * Units that are to be added; for slots, what is to be held in all.
   *
   * @param need of the first waiting call
   * @param want of all waiting calls
   * @param ahead for calls that are expected
   */
  record Want(long need, long want, long ahead) {
    static final Want NOTHING = new Want(0, 0, 0);
  }

  /**
   * What was leased.
   *
   * @param refused the first limit in the way of what the first call needs; then nothing is leased
   * @param slot the store's name of the second in which the units are counted
   * @param leaseMillis how long after the request was sent the units may be spent
   * @param slotsHeld how many calls this gateway may run at a time
   * @param money null when the project has no budget
   */
  record Grant(
      @Nullable Refused refused,
      long slot,
      int leaseMillis,
      Window requests,
      Window tokens,
      int slotsLimit,
      int slotsHeld,
      @Nullable Money money,
      Share share) {}

  /** Which limit is in the way. */
  enum Refused {
    REQUESTS,
    TOKENS,
    SLOTS,
    MONEY
  }

  /**
   * A sliding minute after the grant.
   *
   * @param used units leased or spent by all gateways, the new ones included
   * @param waitMillis until what was refused is free; null when it was not refused or never will be
   */
  record Window(long limit, long used, long granted, @Nullable Long waitMillis) {}

  /**
   * A month's budget. Granted, returned and settled are all that ever were in this epoch, in
   * nanodollars.
   *
   * @param isShort true when less was left than all waiting calls want
   * @param leftMillis until the month ends
   */
  record Money(
      BigDecimal limit,
      BigDecimal spent,
      long position,
      long epoch,
      long granted,
      long returned,
      long settled,
      boolean isShort,
      long leftMillis) {}

  /** Unspent units of a slot, or, when negative, tokens that were used and never leased. */
  record Return(ProjectId project, String model, long slot, long requests, long tokens) {}

  /** What a gateway holds for a project, all in all. */
  record Holding(ProjectId project, int slots, long moneyEpoch, long moneyReturned) {}

  record Kept(boolean slots, boolean money) {}
}
