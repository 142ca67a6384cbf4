package dev.postern.tenancy.internal.ledger;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Quotas.Reservation;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.internal.ledger.Gateways.Tenant;
import dev.postern.tenancy.testing.TestPostgres;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(VertxExtension.class)
class LedgerIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final DefaultLimits WIDE = new DefaultLimits(10_000_000, 1_000_000_000, 100_000);

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

  private Metering start(Pool pool, String spool) {
    var metering = Gateways.start(vertx, pool, folder.resolve(spool), WIDE);
    started.add(metering);
    return metering;
  }

  private Metering start() {
    return start(POSTGRES.pool(vertx), "spool");
  }

  private Pool pool(int port) {
    return Pool.pool(
        vertx,
        POSTGRES.options().setPort(port).setHost("127.0.0.1").setReconnectAttempts(0),
        new PoolOptions().setMaxSize(2));
  }

  private Future<Void> settle(Metering metering, UsageEvent event) {
    return metering
        .quotas()
        .reserve(tenant.demand(1, 1, 1))
        .compose(held -> metering.ledger().settle(held, event));
  }

  private void settle(Metering metering, long prompt, long cached, long completion, Instant at) {
    await(settle(metering, tenant.event(prompt, cached, completion, at)));
  }

  @Test
  void keepsEveryPropertyOfAnEvent() {
    var metering = start();
    var event = tenant.event(100, 30, 20, Instant.now());

    await(settle(metering, event));

    var row = one("SELECT *, stage_micros::text AS stages FROM usage_events WHERE id = $1", event);
    assertThat(row.getUUID("tenant_id")).isEqualTo(tenant.id().value());
    assertThat(row.getString("endpoint")).isEqualTo("CHAT_COMPLETIONS");
    assertThat(row.getLong("cached_tokens")).isEqualTo(30);
    assertThat(row.getLong("reasoning_tokens")).isEqualTo(5);
    assertThat(row.getLong("input_quantity")).isEqualTo(70);
    assertThat(row.getOffsetDateTime("started_at").toInstant()).isEqualTo(event.startedAt());
    assertThat(row.getString("stages")).isEqualTo("{\"generate\":900,\"admit\":3}");
  }

  @Test
  void recordsAnEventOnceHoweverOftenItIsSettled() {
    var metering = start();
    var event = tenant.event(100, 0, 20, Instant.now());
    price(Prices.Kind.INPUT, "1", Instant.EPOCH);
    price(Prices.Kind.OUTPUT, "1", Instant.EPOCH);

    await(Future.all(settle(metering, event), settle(metering, event)));
    await(settle(metering, event));

    assertThat(count()).isEqualTo(1);
    assertThat(spent()).isEqualByComparingTo("0.00012");
  }

  @Test
  void sumsOfAwkwardPricesAreExactToTheLastDigit() {
    var metering = start();
    price(Prices.Kind.INPUT, "0.0333333333", Instant.EPOCH);
    price(Prices.Kind.CACHED, "0.0000000001", Instant.EPOCH);
    price(Prices.Kind.OUTPUT, "7.7777777777", Instant.EPOCH);
    var random = new Random(7);
    var expected = BigDecimal.ZERO;
    List<Future<Void>> settled = new ArrayList<>();

    for (int i = 0; i < 400; i++) {
      long prompt = random.nextInt(5_000);
      long cached = random.nextLong(prompt + 1);
      long completion = random.nextInt(3_000);
      expected =
          expected
              .add(new BigDecimal("0.0333333333").multiply(BigDecimal.valueOf(prompt - cached)))
              .add(new BigDecimal("0.0000000001").multiply(BigDecimal.valueOf(cached)))
              .add(new BigDecimal("7.7777777777").multiply(BigDecimal.valueOf(completion)));
      settled.add(settle(metering, tenant.event(prompt, cached, completion, Instant.now())));
    }
    await(Future.all(settled));

    expected = expected.movePointLeft(6);
    assertThat(spent()).isEqualByComparingTo(expected);
    var sum = rows("SELECT sum(amount) FROM usage_events WHERE project_id = $1").iterator().next();
    assertThat(sum.getBigDecimal(0)).isEqualByComparingTo(expected);
  }

  @Test
  void anEventHasThePriceOfTheTimeItStarted() {
    var metering = start();
    var change = Instant.parse("2026-03-10T12:00:00Z");
    price(Prices.Kind.INPUT, "1", Instant.EPOCH);
    price(Prices.Kind.OUTPUT, "1", Instant.EPOCH);
    price(Prices.Kind.OUTPUT, "2", change);

    settle(metering, 0, 0, 10, change.minusMillis(1));
    settle(metering, 0, 0, 10, change);

    assertThat(amounts())
        .usingElementComparator(BigDecimal::compareTo)
        .containsExactly(new BigDecimal("0.00001"), new BigDecimal("0.00002"));
  }

  @Test
  void cachedTokensFallBackToTheInputPrice() {
    var metering = start();
    price(Prices.Kind.INPUT, "1", Instant.EPOCH);

    settle(metering, 100, 40, 0, Instant.now());

    assertThat(spent()).isEqualByComparingTo("0.0001");
  }

  @Test
  void anEventWithoutAPriceHasNoAmount() {
    var metering = start();

    settle(metering, 100, 0, 10, Instant.now());

    var row = rows("SELECT amount FROM usage_events WHERE project_id = $1").iterator().next();
    assertThat(row.getBigDecimal(0)).isNull();
    assertThat(spent()).isEqualByComparingTo("0");
  }

  @Test
  void textThatPostgresCannotHoldDoesNotStopTheLedger() {
    var metering = start();
    var bad = withErrorCode(tenant.event(1, 0, 1, Instant.now()), "a\0b");

    await(
        Future.all(settle(metering, bad), settle(metering, tenant.event(1, 0, 1, Instant.now()))));

    assertThat(count()).isEqualTo(2);
  }

  @Test
  void anEntryThatPostgresRefusesIsSetAsideAndTheOthersAreRecorded() throws IOException {
    var metering = start();
    // An amount that its column cannot hold.
    price(Prices.Kind.INPUT, "9999999999", Instant.EPOCH);
    var bad = tenant.event(9_000_000_000_000_000_000L, 0, 0, Instant.now());
    List<Future<Void>> settled = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      settled.add(settle(metering, i == 7 ? bad : tenant.event(1, 0, 1, Instant.now())));
    }

    await(Future.all(settled));

    assertThat(count()).isEqualTo(19);
    assertThat(Files.readString(folder.resolve("spool/rejected.jsonl")))
        .contains(bad.id().toString());
  }

  @Test
  void eventsThatComeTogetherAreRecordedTogether() {
    var metering = start();
    var held = holdMany(metering, 1_000);

    await(
        Future.all(
            held.stream()
                .map(one -> metering.ledger().settle(one, tenant.event(1, 0, 1, Instant.now())))
                .toList()));

    var row =
        rows("SELECT count(DISTINCT xmin::text) FROM usage_events WHERE project_id = $1")
            .iterator()
            .next();
    assertThat(count()).isEqualTo(1_000);
    assertThat(row.getLong(0)).isLessThan(100);
  }

  @Test
  void nothingIsLostOrDoubledWhilePostgresComesAndGoes() {
    var proxy = new TcpProxy(vertx, "127.0.0.1", POSTGRES.options().getPort());
    var metering = start(pool(proxy.port()), "spool");
    var held = holdMany(metering, 3_000);
    List<Future<Void>> settled = new ArrayList<>();
    List<UUID> ids = new ArrayList<>();

    for (int i = 0; i < held.size(); i++) {
      if (i % 1_000 == 500) {
        proxy.cut();
      }
      if (i % 1_000 == 900) {
        await(settled.getLast());
        proxy.mend();
      }
      var event = tenant.event(3, 0, 1, Instant.now());
      ids.add(event.id());
      settled.add(metering.ledger().settle(held.get(i), event));
      if (i % 50 == 0) {
        await(settled.getLast());
      }
    }
    await(Future.all(settled));
    eventually(() -> count() == ids.size());

    assertThat(recorded()).containsExactlyInAnyOrderElementsOf(ids);
  }

  @Test
  void whatWasSpooledBeforeAKillIsRecordedByTheNextStart() throws IOException {
    var proxy = new TcpProxy(vertx, "127.0.0.1", POSTGRES.options().getPort());
    var metering = start(pool(proxy.port()), "killed");
    var held = holdMany(metering, 50);
    proxy.cut();
    List<UUID> ids = new ArrayList<>();
    for (Reservation one : held) {
      var event = tenant.event(3, 0, 1, Instant.now());
      ids.add(event.id());
      await(metering.ledger().settle(one, event));
    }
    // What a kill leaves on disk: whole entries and, at the end, one that was being written.
    var left = folder.resolve("left");
    Files.createDirectories(left);
    Files.copy(
        folder.resolve("killed/entries"),
        left.resolve("entries"),
        StandardCopyOption.REPLACE_EXISTING);
    Files.write(left.resolve("entries"), new byte[] {0, 0, 1, 0, 7, 7}, StandardOpenOption.APPEND);
    assertThat(count()).isZero();

    start(POSTGRES.pool(vertx), "left");

    eventually(() -> count() == ids.size());
    assertThat(recorded()).containsExactlyElementsOf(ids);
  }

  @Test
  void aSecondGatewayCannotShareTheSpool() {
    start();

    assertThat(
            Future.await(
                vertx
                    .executeBlocking(() -> Spool.open(folder.resolve("spool")))
                    .map(spool -> "opened")
                    .otherwise("refused")))
        .isEqualTo("refused");
  }

  private List<Reservation> holdMany(Metering metering, int count) {
    List<Future<Reservation>> held = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      held.add(metering.quotas().reserve(tenant.demand(1, 1, 1)));
    }
    return await(Future.all(held)).list();
  }

  private static UsageEvent withErrorCode(UsageEvent e, String code) {
    return new UsageEvent(
        e.id(),
        e.tenant(),
        e.project(),
        e.subjectKind(),
        e.subjectId(),
        e.endpoint(),
        e.model(),
        e.version(),
        e.promptTokens(),
        e.cachedTokens(),
        e.completionTokens(),
        e.reasoningTokens(),
        e.outcome(),
        e.httpStatus(),
        code,
        e.streamed(),
        e.startedAt(),
        e.firstTokenMicros(),
        e.totalMicros(),
        e.runnerCpuMicros(),
        e.stageMicros(),
        e.verdict());
  }

  private void price(Prices.Kind kind, String perMillion, Instant from) {
    await(
        owner
            .preparedQuery(
                """
                INSERT INTO prices (id, model, kind, per_million, effective_from)
                VALUES (gen_random_uuid(), $1, lower($2), $3, $4)
                """)
            .execute(
                Tuple.of(
                    tenant.model(),
                    kind.name(),
                    new BigDecimal(perMillion),
                    from.atOffset(ZoneOffset.UTC))));
  }

  private RowSet<Row> rows(String sql) {
    return await(owner.preparedQuery(sql).execute(Tuple.of(tenant.project().value())));
  }

  private Row one(String sql, UsageEvent event) {
    return await(owner.preparedQuery(sql).execute(Tuple.of(event.id()))).iterator().next();
  }

  private long count() {
    return rows("SELECT count(*) FROM usage_events WHERE project_id = $1")
        .iterator()
        .next()
        .getLong(0);
  }

  private BigDecimal spent() {
    return rows("SELECT spent FROM project_spend WHERE project_id = $1")
        .iterator()
        .next()
        .getBigDecimal(0);
  }

  private List<BigDecimal> amounts() {
    List<BigDecimal> amounts = new ArrayList<>();
    rows("SELECT amount FROM usage_events WHERE project_id = $1 ORDER BY position")
        .forEach(row -> amounts.add(row.getBigDecimal(0)));
    return amounts;
  }

  private List<UUID> recorded() {
    List<UUID> ids = new ArrayList<>();
    rows("SELECT id FROM usage_events WHERE project_id = $1 ORDER BY position")
        .forEach(row -> ids.add(row.getUUID(0)));
    return ids;
  }

  private static void eventually(BooleanSupplier condition) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as("still not so after 15 s").isLessThan(end);
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
    }
  }
}
