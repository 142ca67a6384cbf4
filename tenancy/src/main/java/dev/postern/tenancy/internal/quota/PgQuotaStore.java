package dev.postern.tenancy.internal.quota;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Limits.Share;
import dev.postern.tenancy.ProjectId;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Leases from PostgreSQL by functions that the schema offers across tenants: a lease is one round
 * trip and no transaction of ours.
 */
final class PgQuotaStore implements QuotaStore {
  /** Shorter than anyone wants to wait for an answer, and than a window lease lives. */
  private static final long TIMEOUT_MILLIS = 2000;

  private static final String ACQUIRE =
      """
      SELECT * FROM door.quota_acquire(
        $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
        $21, $22, $23, $24)
      CROSS JOIN door.project_share($2)
      """;

  private static final String GIVE_BACK = "SELECT door.quota_give_back($1, $2, $3, $4, $5)";

  private static final String KEEP =
      """
      SELECT kept_project, kept_slots, kept_money
      FROM door.quota_keep($1, $2, $3, $4, $5, $6, $7)
      """;

  private static final String LEAVE = "SELECT door.quota_leave($1)";
  private static final String SWEEP = "SELECT door.quota_sweep()";

  private final Pool pool;
  private final UUID holder;
  private final DefaultLimits defaults;

  PgQuotaStore(Pool pool, UUID holder, DefaultLimits defaults) {
    this.pool = pool;
    this.holder = holder;
    this.defaults = defaults;
  }

  @Override
  public Future<Grant> acquire(Ask ask) {
    var values =
        Tuple.tuple()
            .addUUID(ask.tenant().value())
            .addUUID(ask.project().value())
            .addString(ask.model())
            .addUUID(holder)
            .addLong(defaults.requestsPerMinute())
            .addLong(defaults.tokensPerMinute())
            .addInteger(defaults.concurrentRequests());
    add(values, ask.requests());
    add(values, ask.tokens());
    values.addInteger(ask.slotsKept());
    values
        .addInteger(Math.toIntExact(ask.slots().need()))
        .addInteger(Math.toIntExact(ask.slots().want()))
        .addInteger(Math.toIntExact(ask.slots().ahead()))
        .addInteger(Math.toIntExact(SLOTS_TTL.toMillis()));
    add(values, ask.money());
    values
        .addLong(ask.moneyEpoch())
        .addLong(ask.moneyReturned())
        .addInteger(Math.toIntExact(MONEY_TTL.toMillis()));
    return pool.preparedQuery(ACQUIRE)
        .execute(values)
        .timeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .map(rows -> grant(rows.iterator().next()));
  }

  private static void add(Tuple values, Want want) {
    values.addLong(want.need()).addLong(want.want()).addLong(want.ahead());
  }

  private static Grant grant(Row row) {
    String refused = row.getString("refused");
    return new Grant(
        refused == null ? null : Refused.valueOf(refused.toUpperCase(Locale.ROOT)),
        row.getLong("slot"),
        row.getInteger("lease_millis"),
        window(row, "requests"),
        window(row, "tokens"),
        row.getInteger("slots_limit"),
        row.getInteger("slots_held"),
        money(row),
        new Share(row.getInteger("weight"), row.getBoolean("priority")));
  }

  private static Window window(Row row, String metric) {
    return new Window(
        row.getLong(metric + "_limit"),
        row.getLong(metric + "_used"),
        row.getLong(metric + "_granted"),
        row.getLong(metric + "_wait"));
  }

  private static @Nullable Money money(Row row) {
    var limit = row.getBigDecimal("money_limit");
    return limit == null
        ? null
        : new Money(
            limit,
            row.getBigDecimal("money_spent"),
            row.getLong("money_position"),
            row.getLong("money_epoch"),
            row.getLong("money_granted"),
            row.getLong("money_returned"),
            row.getLong("money_settled"),
            row.getBoolean("money_short"),
            row.getLong("month_left_millis"));
  }

  @Override
  public Future<Void> giveBack(List<Return> returns) {
    var values =
        Tuple.of(
            returns.stream().map(r -> r.project().value()).toArray(UUID[]::new),
            returns.stream().map(Return::model).toArray(String[]::new),
            returns.stream().map(Return::slot).toArray(Long[]::new),
            returns.stream().map(Return::requests).toArray(Long[]::new),
            returns.stream().map(Return::tokens).toArray(Long[]::new));
    return execute(GIVE_BACK, values);
  }

  @Override
  public Future<Map<ProjectId, Kept>> keep(List<Holding> holdings) {
    var values =
        Tuple.of(
                holder,
                holdings.stream().map(h -> h.project().value()).toArray(UUID[]::new),
                holdings.stream().map(Holding::slots).toArray(Integer[]::new),
                Math.toIntExact(SLOTS_TTL.toMillis()),
                holdings.stream().map(Holding::moneyEpoch).toArray(Long[]::new),
                holdings.stream().map(Holding::moneyReturned).toArray(Long[]::new))
            .addInteger(Math.toIntExact(MONEY_TTL.toMillis()));
    return pool.preparedQuery(KEEP)
        .execute(values)
        .timeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .map(rows -> {
          Map<ProjectId, Kept> kept = new HashMap<>();
          for (Row row : rows) {
            kept.put(
                new ProjectId(row.getUUID("kept_project")),
                new Kept(row.getBoolean("kept_slots"), row.getBoolean("kept_money")));
          }
          return kept;
        });
  }

  @Override
  public Future<Void> leave() {
    return execute(LEAVE, Tuple.of(holder));
  }

  @Override
  public Future<Void> sweep() {
    return execute(SWEEP, Tuple.tuple());
  }

  private Future<Void> execute(String sql, Tuple values) {
    return pool.preparedQuery(sql)
        .execute(values)
        .timeout(TIMEOUT_MILLIS, TimeUnit.MILLISECONDS)
        .mapEmpty();
  }
}
