package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The price book in PostgreSQL; it belongs to no tenant. */
public final class PgPrices implements Prices {
  /** What the column holds: ten digits before the point and ten after it. */
  private static final int SCALE = 10;

  private static final BigDecimal MAX = BigDecimal.TEN.pow(10);
  private static final int MAX_MODEL_NAME = 200;

  /** How far a caller's clock may be behind. */
  private static final Duration TOLERANCE = Duration.ofMinutes(1);

  private static final Instant ALWAYS = Instant.EPOCH;

  private static final String LIST =
      """
      SELECT id, model, kind, per_million, effective_from FROM prices
      ORDER BY model, kind, effective_from DESC
      """;

  private static final String HAS_EARLIER =
      """
      SELECT EXISTS (
        SELECT FROM prices WHERE model = $1 AND kind IN ($2, $3) AND effective_from <= $4)
      """;

  private static final String ADD =
      """
      INSERT INTO prices (id, model, kind, per_million, effective_from) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (model, kind, effective_from) DO NOTHING
      """;

  private static final String SEED =
      """
      INSERT INTO prices (id, model, kind, per_million, effective_from)
      SELECT $1, $2, $3, $4, $5
      WHERE NOT EXISTS (SELECT FROM prices WHERE model = $2 AND kind = $3)
      ON CONFLICT (model, kind, effective_from) DO NOTHING
      """;

  private final TenantDb db;
  private final AuditLog auditLog;
  private final Ids ids;
  private final InstantSource clock;

  public PgPrices(TenantDb db, AuditLog auditLog, Ids ids, InstantSource clock) {
    this.db = db;
    this.auditLog = auditLog;
    this.ids = ids;
    this.clock = clock;
  }

  @Override
  public Future<List<Price>> list() {
    return db.asSystem(connection ->
        connection
            .preparedQuery(LIST)
            .execute()
            .map(rows -> {
              List<Price> prices = new ArrayList<>(rows.size());
              rows.forEach(row -> prices.add(price(row)));
              return prices;
            }));
  }

  private static Price price(Row row) {
    return new Price(
        row.getUUID("id"),
        row.getString("model"),
        Kind.valueOf(row.getString("kind").toUpperCase(Locale.ROOT)),
        row.getBigDecimal("per_million").stripTrailingZeros(),
        Columns.instant(row, "effective_from"));
  }

  @Override
  public Future<Price> add(
      Principal actor,
      String model,
      Kind kind,
      BigDecimal perMillion,
      @Nullable Instant effectiveFrom) {
    Instant now = clock.instant();
    TenancyFailure invalid = check(model, perMillion);
    if (invalid != null) {
      return Future.failedFuture(new TenancyException(invalid));
    }
    boolean past = effectiveFrom != null && effectiveFrom.isBefore(now.minus(TOLERANCE));
    var price =
        new Price(ids.next(), model, kind, perMillion, effectiveFrom == null ? now : effectiveFrom);
    return db.inTenant(
        actor.tenant(),
        connection ->
            refuseRewriting(connection, price, past, now)
                .compose(ok -> insert(connection, ADD, price))
                .compose(added ->
                    added
                        ? auditLog.append(connection, change(actor, price))
                        : Future.failedFuture(
                            new TenancyException(
                                new TenancyFailure.Conflict(
                                    "There is a price of that model, kind and date."))))
                .map(price));
  }

  private static @Nullable TenancyFailure check(String model, BigDecimal perMillion) {
    if (model.isBlank() || model.length() > MAX_MODEL_NAME || model.indexOf('\0') >= 0) {
      return new TenancyFailure.Invalid("model", "model must be 1 to 200 characters");
    }
    boolean fits =
        perMillion.signum() >= 0
            && perMillion.compareTo(MAX) < 0
            && perMillion.stripTrailingZeros().scale() <= SCALE;
    return fits
        ? null
        : new TenancyFailure.Invalid(
            "price_per_million",
            "price_per_million must be from 0 to below 10^10 with at most 10 digits after the"
                + " point");
  }

  /** Calls of the past have been billed by the price of then, which a new entry must not deny. */
  private static Future<Void> refuseRewriting(
      SqlConnection connection, Price price, boolean past, Instant now) {
    if (!past) {
      return Future.succeededFuture();
    }
    // Cached tokens were billed by the input price as long as they had none of their own.
    var other = price.kind() == Kind.CACHED ? Kind.INPUT : price.kind();
    return connection
        .preparedQuery(HAS_EARLIER)
        .execute(
            Tuple.of(
                price.model(),
                Columns.word(price.kind()),
                Columns.word(other),
                Columns.timestamp(now)))
        .compose(rows ->
            rows.iterator().next().getBoolean(0)
                ? Future.failedFuture(
                    new TenancyException(
                        new TenancyFailure.Invalid(
                            "effective_from",
                            "effective_from must not be in the past: calls since then have"
                                + " been billed")))
                : Future.succeededFuture());
  }

  private static Future<Boolean> insert(SqlConnection connection, String sql, Price price) {
    return connection
        .preparedQuery(sql)
        .execute(
            Tuple.of(
                price.id(),
                price.model(),
                Columns.word(price.kind()),
                price.perMillion(),
                Columns.timestamp(price.effectiveFrom())))
        .map(rows -> rows.rowCount() == 1);
  }

  private static AuditLog.Change change(Principal actor, Price price) {
    return new AuditLog.Change(
        Actor.of(actor),
        "price.created",
        null,
        WireId.PRICE.format(price.id()),
        new JsonObject()
            .put("model", price.model())
            .put("kind", Columns.word(price.kind()))
            .put("price_per_million", price.perMillion().toPlainString())
            .put("effective_from", price.effectiveFrom().getEpochSecond()));
  }

  @Override
  public Future<Void> seedDefaults(List<Seed> seeds) {
    return db.asSystem(connection -> {
      Future<Boolean> done = Future.succeededFuture(true);
      for (Seed seed : seeds) {
        UUID id = ids.next();
        var price = new Price(id, seed.model(), seed.kind(), seed.perMillion(), ALWAYS);
        done = done.compose(before -> insert(connection, SEED, price));
      }
      return done.mapEmpty();
    });
  }
}
