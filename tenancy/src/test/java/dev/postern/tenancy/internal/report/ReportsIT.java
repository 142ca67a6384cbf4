package dev.postern.tenancy.internal.report;

import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Exports;
import dev.postern.tenancy.Invoices;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.SecurityEvents.SecurityEvent;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.internal.ledger.Gateways;
import dev.postern.tenancy.internal.ledger.Gateways.Tenant;
import dev.postern.tenancy.internal.ledger.Metering;
import dev.postern.tenancy.internal.ledger.PgSecurityEvents;
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
import java.time.InstantSource;
import java.time.YearMonth;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What is read from a ledger that two tenants wrote. */
@ExtendWith(VertxExtension.class)
class ReportsIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final Instant NOON = Instant.parse("2026-05-10T12:00:00Z");
  private static final Instant MAY = Instant.parse("2026-05-01T00:00:00Z");
  private static final Instant JUNE = Instant.parse("2026-06-01T00:00:00Z");

  @TempDir Path folder;
  private Pool owner;
  private Tenant tenant;
  private Tenant other;
  private Metering metering;
  private Requests requests;
  private UsageReports reports;
  private Invoices invoices;
  private Exports exports;
  private PgSecurityEvents securityEvents;

  @BeforeEach
  void connect(Vertx vertx) {
    owner = POSTGRES.ownerPool(vertx);
    tenant = Tenant.create(owner);
    other = Tenant.create(owner);
    var pool = POSTGRES.pool(vertx);
    metering =
        Gateways.start(vertx, pool, folder, new DefaultLimits(1_000_000, 1_000_000_000, 100_000));
    var db = new TenantDb(pool, Duration.ofSeconds(10));
    requests = new PgRequests(db);
    reports = new PgUsageReports(db, InstantSource.fixed(NOON));
    invoices = new PgInvoices(db);
    exports = new PgExports(db);
    securityEvents = new PgSecurityEvents(db, metering);
  }

  @AfterEach
  void close() {
    await(metering.close());
  }

  private void settle(List<UsageEvent> events) {
    await(
        Future.all(
            events.stream()
                .map(event ->
                    metering
                        .quotas()
                        .reserve(tenant.demand(1, 1, 1))
                        .compose(held -> metering.ledger().settle(held, event)))
                .toList()));
  }

  private void settle(UsageEvent... events) {
    settle(List.of(events));
  }

  private void price(Tenant whose, Prices.Kind kind, String perMillion, Instant from) {
    await(
        owner
            .preparedQuery(
                """
                INSERT INTO prices (id, model, kind, per_million, effective_from)
                VALUES (gen_random_uuid(), $1, lower($2), $3, $4)
                """)
            .execute(
                Tuple.of(
                    whose.model(),
                    kind.name(),
                    new BigDecimal(perMillion),
                    from.atOffset(ZoneOffset.UTC))));
  }

  private static UsageEvent failed(UsageEvent e, int status, String code) {
    return new UsageEvent(
        e.id(),
        e.tenant(),
        e.project(),
        e.subjectKind(),
        e.subjectId(),
        e.endpoint(),
        e.model(),
        null,
        e.promptTokens(),
        0,
        0,
        0,
        UsageEvent.Outcome.FAILED,
        status,
        code,
        e.streamed(),
        e.startedAt(),
        -1,
        e.totalMicros(),
        0,
        e.stageMicros(),
        e.verdict());
  }

  private List<UUID> listed(TenantId who, Requests.Filter filter) {
    return await(requests.list(who, filter, null, 100)).data().stream()
        .map(entry -> entry.event().id())
        .toList();
  }

  @Test
  void aTenantSeesItsOwnRequestsAndNotAnothers() {
    var mine = tenant.event(10, 0, 5, NOON);
    var theirs = other.event(10, 0, 5, NOON);
    settle(mine, theirs);

    assertThat(listed(tenant.id(), Requests.Filter.ALL)).containsExactly(mine.id());
    assertThat(listed(other.id(), Requests.Filter.ALL)).containsExactly(theirs.id());
    assertThat(await(requests.get(tenant.id(), null, mine.id())).entry().event()).isEqualTo(mine);
    assertThatThrownBy(() -> await(requests.get(tenant.id(), null, theirs.id())))
        .isInstanceOf(TenancyException.class);
    assertThat(listed(new TenantId(new UUID(0, 0)), Requests.Filter.ALL)).isEmpty();
  }

  @Test
  void noTenantSeesNothingOfTheLedger(Vertx vertx) {
    settle(tenant.event(10, 0, 5, NOON));
    var pool = POSTGRES.pool(vertx);

    for (String table :
        List.of(
            "usage_events", "security_events", "project_limits", "rate_limits", "project_spend")) {
      assertThat(await(pool.query("SELECT * FROM " + table).execute()).size()).isZero();
    }
    for (String table : List.of("quota_window", "quota_slots", "quota_money", "quota_project")) {
      assertThatThrownBy(() -> await(pool.query("SELECT * FROM " + table).execute()))
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void theLedgerCannotBeChangedByTheApplication(Vertx vertx) {
    var pool = POSTGRES.pool(vertx);

    for (String sql :
        List.of(
            "UPDATE usage_events SET amount = 0",
            "DELETE FROM usage_events",
            "UPDATE prices SET per_million = 0",
            "DELETE FROM prices",
            "DELETE FROM security_events",
            "UPDATE project_spend SET spent = 0")) {
      assertThatThrownBy(() -> await(pool.query(sql).execute()))
          .as(sql)
          .hasMessageContaining("permission denied");
    }
  }

  @Test
  void pagesOfRequestsJoinWithoutAGapOrARepeat() {
    List<UsageEvent> events = new ArrayList<>();
    for (int i = 0; i < 25; i++) {
      // Several begin in the same microsecond.
      events.add(tenant.event(1, 0, 1, NOON.plusSeconds(i / 4)));
    }
    settle(events);

    List<UUID> seen = new ArrayList<>();
    UUID after = null;
    for (boolean more = true; more; ) {
      var page = await(requests.list(tenant.id(), Requests.Filter.ALL, after, 7));
      page.data().forEach(entry -> seen.add(entry.event().id()));
      after = seen.getLast();
      more = page.hasMore();
    }

    assertThat(seen).hasSize(25).doesNotHaveDuplicates();
    assertThat(seen).isEqualTo(listed(tenant.id(), Requests.Filter.ALL));
  }

  @Test
  void filtersRequests() {
    var early = tenant.event(1, 0, 1, NOON);
    var late = failed(tenant.event(1, 0, 1, NOON.plusSeconds(60)), 503, "server_is_overloaded");
    settle(early, late);

    assertThat(
            listed(
                tenant.id(),
                new Requests.Filter(null, NOON.plusSeconds(1), null, null, null, null)))
        .containsExactly(late.id());
    assertThat(
            listed(
                tenant.id(),
                new Requests.Filter(null, null, null, null, null, UsageEvent.Outcome.COMPLETED)))
        .containsExactly(early.id());
    assertThat(
            listed(
                tenant.id(),
                new Requests.Filter(
                    tenant.project(), null, null, tenant.model(), tenant.key(), null)))
        .containsExactly(late.id(), early.id());
    assertThat(listed(tenant.id(), new Requests.Filter(null, null, null, "other", null, null)))
        .isEmpty();
  }

  @Test
  void aRequestShowsItsFindingsAndHowItsAmountCameToBe() {
    price(tenant, Prices.Kind.INPUT, "2", MAY);
    price(tenant, Prices.Kind.CACHED, "1", MAY);
    price(tenant, Prices.Kind.OUTPUT, "8", MAY);
    var event = tenant.event(100, 40, 10, NOON);
    await(securityEvents.append(List.of(finding(tenant, event), finding(tenant, event))));
    settle(event);

    var detail = await(requests.get(tenant.id(), tenant.project(), event.id()));

    assertThat(detail.findings())
        .hasSize(2)
        .contains(new Requests.Finding("pii.email", "redact", "prompt", 3));
    assertThat(detail.priceLines())
        .extracting(Requests.PriceLine::kind)
        .containsExactly(Prices.Kind.INPUT, Prices.Kind.CACHED, Prices.Kind.OUTPUT);
    assertThat(detail.priceLines())
        .extracting(Requests.PriceLine::quantity)
        .containsExactly(60L, 40L, 10L);
    var sum =
        detail.priceLines().stream()
            .map(Requests.PriceLine::amount)
            .reduce(BigDecimal.ZERO, BigDecimal::add);
    assertThat(sum).isEqualByComparingTo("0.00024");
    assertThat(detail.entry().amount()).isEqualByComparingTo(sum);
    assertThat(detail.entry().subjectName()).isEqualTo("key");
    assertThatThrownBy(() -> await(requests.get(tenant.id(), other.project(), event.id())))
        .isInstanceOf(TenancyException.class);
  }

  private static SecurityEvent finding(Tenant whose, UsageEvent event) {
    return new SecurityEvent(
        UUID.randomUUID(),
        whose.id(),
        whose.project(),
        event.id(),
        Principal.Kind.PROJECT_KEY,
        whose.key(),
        event.startedAt(),
        "pii.email",
        "redact",
        "prompt",
        3);
  }

  @Test
  void aTenantSeesItsOwnSecurityEventsAndNotAnothers() {
    var mine = finding(tenant, tenant.event(1, 0, 1, NOON));
    var theirs = finding(other, other.event(1, 0, 1, NOON));
    await(securityEvents.append(List.of(mine, theirs)));
    await(securityEvents.append(List.of(mine)));

    assertThat(await(securityEvents.list(tenant.id(), null, null, null, null, 20)).data())
        .containsExactly(mine);
    assertThat(await(securityEvents.list(other.id(), null, MAY, JUNE, null, 20)).data())
        .containsExactly(theirs);
    assertThat(
            await(securityEvents.list(new TenantId(new UUID(0, 0)), null, null, null, null, 20))
                .data())
        .isEmpty();
    assertThat(await(securityEvents.list(tenant.id(), null, null, null, mine.id(), 20)).data())
        .isEmpty();
  }

  @Test
  void usageComesInContiguousBuckets() {
    settle(
        tenant.event(10, 4, 5, NOON),
        tenant.event(20, 0, 6, NOON.plusSeconds(30)),
        tenant.event(30, 0, 7, NOON.plusSeconds(125)),
        failed(tenant.event(99, 0, 0, NOON), 503, "server_is_overloaded"),
        other.event(1_000, 0, 1_000, NOON));

    var page =
        await(
            reports.usage(
                tenant.id(),
                new UsageReports.UsageQuery(
                    UsageReports.Api.COMPLETIONS,
                    NOON,
                    NOON.plusSeconds(600),
                    UsageReports.Width.MINUTE,
                    Set.of(),
                    UsageReports.Filter.ALL,
                    4)));

    assertThat(page.buckets())
        .extracting(UsageReports.Bucket::start)
        .containsExactly(NOON, NOON.plusSeconds(60), NOON.plusSeconds(120), NOON.plusSeconds(180));
    assertThat(page.next()).isEqualTo(NOON.plusSeconds(240));
    assertThat(page.buckets().get(0).results())
        .containsExactly(new UsageReports.Usage(null, null, null, null, 30, 4, 11, 2));
    assertThat(page.buckets().get(1).results()).isEmpty();
    assertThat(page.buckets().get(2).results())
        .containsExactly(new UsageReports.Usage(null, null, null, null, 30, 0, 7, 1));
  }

  @Test
  void usageGroupsAndFilters() {
    settle(tenant.event(10, 0, 5, NOON), tenant.event(20, 0, 6, NOON));

    var query =
        new UsageReports.UsageQuery(
            UsageReports.Api.COMPLETIONS,
            MAY,
            JUNE,
            UsageReports.Width.DAY,
            Set.of(UsageReports.UsageDimension.values()),
            new UsageReports.Filter(
                Set.of(tenant.project()), Set.of(), Set.of(tenant.key()), Set.of(tenant.model())),
            31);
    var page = await(reports.usage(tenant.id(), query));

    assertThat(page.next()).isNull();
    assertThat(page.buckets()).hasSize(31);
    assertThat(page.buckets().get(9).results())
        .containsExactly(
            new UsageReports.Usage(
                tenant.project(), null, tenant.key(), tenant.model(), 30, 0, 11, 2));
    var elsewhere =
        new UsageReports.Filter(
            Set.of(new ProjectId(UUID.randomUUID())), Set.of(), Set.of(), Set.of());
    var none =
        new UsageReports.UsageQuery(
            query.api(), MAY, JUNE, query.width(), query.groupBy(), elsewhere, 31);
    assertThat(await(reports.usage(tenant.id(), none)).buckets())
        .allSatisfy(bucket -> assertThat(bucket.results()).isEmpty());
  }

  @Test
  void costsByLineItemAddUpToCostsByProject() {
    price(tenant, Prices.Kind.INPUT, "0.0333333333", MAY);
    price(tenant, Prices.Kind.OUTPUT, "7.77", MAY);
    settle(
        tenant.event(101, 0, 13, NOON), tenant.event(7, 3, 11, NOON), other.event(1, 0, 1, NOON));

    var byProject = costs(Set.of(UsageReports.CostDimension.PROJECT));
    var byLine = costs(Set.of(UsageReports.CostDimension.LINE_ITEM));

    assertThat(byProject).hasSize(1);
    assertThat(byProject.getFirst().project()).isEqualTo(tenant.project());
    assertThat(byLine)
        .extracting(UsageReports.Cost::lineItem)
        .containsExactlyInAnyOrder(
            tenant.model() + ", input", tenant.model() + ", cached", tenant.model() + ", output");
    assertThat(
            byLine.stream().map(UsageReports.Cost::amount).reduce(BigDecimal.ZERO, BigDecimal::add))
        .isEqualByComparingTo(byProject.getFirst().amount());
  }

  private List<UsageReports.Cost> costs(Set<UsageReports.CostDimension> groupBy) {
    var query =
        new UsageReports.CostQuery(NOON, NOON.plusSeconds(60), groupBy, UsageReports.Filter.ALL, 7);
    return await(reports.costs(tenant.id(), query)).buckets().getFirst().results();
  }

  @Test
  void theOverviewComparesTwoPeriods() {
    price(tenant, Prices.Kind.INPUT, "1", MAY);
    price(tenant, Prices.Kind.OUTPUT, "1", MAY);
    settle(
        tenant.event(500, 0, 500, NOON),
        failed(tenant.event(1, 0, 0, NOON.plusSeconds(60)), 503, "server_is_overloaded"),
        tenant.event(100, 0, 100, NOON.minusSeconds(3_000)));

    var overview =
        await(reports.overview(tenant.id(), tenant.project(), NOON, NOON.plusSeconds(3_600)));

    assertThat(overview.current().requests()).isEqualTo(2);
    assertThat(overview.current().errors()).isEqualTo(1);
    assertThat(overview.current().p95FirstTokenMicros()).isEqualTo(500);
    assertThat(overview.current().spend()).isEqualByComparingTo("0.001");
    assertThat(overview.previous().requests()).isEqualTo(1);
    assertThat(overview.budget()).isNull();
    assertThat(overview.budgetSpent()).isEqualByComparingTo("0.0012");
    assertThat(overview.series()).hasSize(60);
    assertThat(overview.series().getFirst()).isEqualTo(new UsageReports.Point(NOON, 1, 0));
    assertThat(overview.topModels().getFirst().name()).isEqualTo(tenant.model());
    assertThat(overview.topKeys().getFirst().name()).isEqualTo("key");
    assertThat(overview.topErrors())
        .containsExactly(new UsageReports.TopError("server_is_overloaded", 1));
    var theirs = await(reports.overview(other.id(), null, NOON, NOON.plusSeconds(3_600)));
    assertThat(theirs.current().requests()).isZero();
    assertThat(theirs.current().p95FirstTokenMicros()).isNull();
  }

  @Test
  void anInvoiceAddsUpToTheLedgerToTheLastDigit() {
    var change = Instant.parse("2026-05-15T00:00:00Z");
    price(tenant, Prices.Kind.INPUT, "0.0333333333", MAY);
    price(tenant, Prices.Kind.OUTPUT, "7.7777777777", MAY);
    price(tenant, Prices.Kind.OUTPUT, "0.0000000001", change);
    var random = new Random(3);
    List<UsageEvent> events = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      long prompt = random.nextInt(9_999);
      events.add(
          tenant.event(
              prompt,
              random.nextLong(prompt + 1),
              random.nextInt(999),
              MAY.plusSeconds(random.nextInt(31 * 86_400))));
    }
    events.add(tenant.event(1, 0, 1, MAY.minusMillis(1)));
    events.add(tenant.event(1, 0, 1, JUNE));
    settle(events);

    var invoice = await(invoices.invoice(tenant.id(), YearMonth.of(2026, 5)));

    BigDecimal ledger =
        await(
            owner
                .preparedQuery(
                    """
                    SELECT sum(amount) FROM usage_events
                    WHERE tenant_id = $1 AND started_at >= $2 AND started_at < $3
                    """)
                .execute(
                    Tuple.of(
                        tenant.id().value(),
                        MAY.atOffset(ZoneOffset.UTC),
                        JUNE.atOffset(ZoneOffset.UTC)))
                .map(rows -> rows.iterator().next().getBigDecimal(0)));
    assertThat(invoice.requests()).isEqualTo(200);
    assertThat(invoice.unpriced()).isZero();
    assertThat(invoice.total()).isEqualByComparingTo(ledger);
    assertThat(
            invoice.lines().stream()
                .map(Invoices.Line::amount)
                .reduce(BigDecimal.ZERO, BigDecimal::add))
        .isEqualByComparingTo(ledger);
    assertThat(invoice.lines())
        .extracting(Invoices.Line::kind)
        .containsExactly(
            Prices.Kind.INPUT, Prices.Kind.CACHED, Prices.Kind.OUTPUT, Prices.Kind.OUTPUT);
    assertThat(invoice.lines().getFirst().projectName()).isEqualTo("project");
    assertThat(invoice.toCsv())
        .startsWith("period,project_id,")
        .endsWith(",total,,,," + invoice.total().toPlainString() + ",usd\r\n");
  }

  @Test
  void anInvoiceCountsWhatHasNoPrice() {
    settle(tenant.event(10, 0, 10, NOON));

    var invoice = await(invoices.invoice(tenant.id(), YearMonth.of(2026, 5)));

    assertThat(invoice.unpriced()).isEqualTo(1);
    assertThat(invoice.lines()).isEmpty();
    assertThat(invoice.total()).isEqualByComparingTo("0");
    var empty = await(invoices.invoice(other.id(), YearMonth.of(2026, 5)));
    assertThat(empty.requests()).isZero();
  }

  @Test
  void anExportHandsOverEveryEntryInBatchesAndWaitsForItsReader() {
    List<UsageEvent> events = new ArrayList<>();
    for (int i = 0; i < 1_203; i++) {
      events.add(tenant.event(1, 0, 1, NOON.plusMillis(i / 3)));
    }
    settle(events);
    settle(other.event(1, 0, 1, NOON));
    List<UUID> seen = new ArrayList<>();
    List<Integer> sizes = new ArrayList<>();

    long count =
        await(
            exports.usage(
                tenant.id(),
                null,
                MAY,
                JUNE,
                batch -> {
                  sizes.add(batch.size());
                  batch.forEach(entry -> seen.add(entry.event().id()));
                  return Future.succeededFuture();
                }));

    assertThat(count).isEqualTo(1_203);
    assertThat(sizes).containsExactly(500, 500, 203);
    assertThat(seen)
        .containsExactlyInAnyOrderElementsOf(events.stream().map(UsageEvent::id).toList());
  }

  @Test
  void anExportEndsWhenItsReaderFails() {
    settle(tenant.event(1, 0, 1, NOON));

    assertThatThrownBy(() ->
            await(
                exports.usage(
                    tenant.id(),
                    null,
                    MAY,
                    JUNE,
                    batch -> Future.failedFuture(new IllegalStateException("gone")))))
        .hasMessage("gone");
  }
}
