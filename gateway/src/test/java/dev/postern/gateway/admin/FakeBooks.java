package dev.postern.gateway.admin;

import dev.postern.tenancy.Exports;
import dev.postern.tenancy.Invoices;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.SecurityEvents;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.UsageReports;
import io.vertx.core.Future;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The ledger's reports over a handful of entries in memory; remembers what it was asked. */
final class FakeBooks
    implements Limits, Prices, UsageReports, Requests, Exports, Invoices, SecurityEvents {
  private static final BigDecimal PRICE = new BigDecimal("0.150");

  final List<Requests.Entry> entries = new CopyOnWriteArrayList<>();
  final List<SecurityEvent> events = new CopyOnWriteArrayList<>();
  final List<UsageQuery> usageQueries = new CopyOnWriteArrayList<>();
  final List<CostQuery> costQueries = new CopyOnWriteArrayList<>();
  private final List<Price> prices = new CopyOnWriteArrayList<>();
  private final Map<ProjectId, ProjectLimits> limits = new ConcurrentHashMap<>();
  private final Map<String, RateLimit> rates = new ConcurrentHashMap<>();

  private List<Requests.Entry> of(TenantId tenant, @Nullable ProjectId project) {
    return entries.stream()
        .filter(entry -> entry.event().tenant().equals(tenant))
        .filter(entry -> project == null || entry.event().project().equals(project))
        .toList();
  }

  @Override
  public Future<List<RateLimit>> rateLimits(
      TenantId tenant, ProjectId project, List<String> models) {
    return Future.succeededFuture(
        models.stream()
            .map(model -> rates.getOrDefault(project + model, new RateLimit(model, 60, 1_000)))
            .toList());
  }

  @Override
  public Future<RateLimit> updateRateLimit(
      Principal actor,
      ProjectId project,
      String model,
      @Nullable Long requestsPerMinute,
      @Nullable Long tokensPerMinute) {
    return Future.succeededFuture(
        rates.merge(
            project + model,
            new RateLimit(
                model,
                requestsPerMinute == null ? 60 : requestsPerMinute,
                tokensPerMinute == null ? 1_000 : tokensPerMinute),
            (old, changed) ->
                new RateLimit(
                    model,
                    requestsPerMinute == null ? old.requestsPerMinute() : requestsPerMinute,
                    tokensPerMinute == null ? old.tokensPerMinute() : tokensPerMinute)));
  }

  @Override
  public Future<ProjectLimits> projectLimits(TenantId tenant, ProjectId project) {
    return Future.succeededFuture(
        limits.getOrDefault(project, new ProjectLimits(16, null, BigDecimal.ZERO)));
  }

  @Override
  public Future<ProjectLimits> putProjectLimits(
      Principal actor, ProjectId project, int maxConcurrentRequests, @Nullable BigDecimal budget) {
    var changed = new ProjectLimits(maxConcurrentRequests, budget, new BigDecimal("0.0300"));
    limits.put(project, changed);
    return Future.succeededFuture(changed);
  }

  @Override
  public Future<List<Price>> list() {
    return Future.succeededFuture(List.copyOf(prices));
  }

  @Override
  public Future<Price> add(
      Principal actor,
      String model,
      Kind kind,
      BigDecimal perMillion,
      @Nullable Instant effectiveFrom) {
    var price =
        new Price(
            new UUID(7, prices.size()),
            model,
            kind,
            perMillion,
            effectiveFrom == null ? Instant.EPOCH : effectiveFrom);
    prices.add(price);
    return Future.succeededFuture(price);
  }

  @Override
  public Future<Void> seedDefaults(List<Seed> seeds) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Future<Buckets<Usage>> usage(TenantId tenant, UsageQuery query) {
    usageQueries.add(query);
    var results =
        of(tenant, null).stream()
            .map(entry ->
                new Usage(
                    query.groupBy().contains(UsageDimension.PROJECT)
                        ? entry.event().project()
                        : null,
                    null,
                    query.groupBy().contains(UsageDimension.API_KEY)
                        ? entry.event().subjectId()
                        : null,
                    query.groupBy().contains(UsageDimension.MODEL) ? entry.event().model() : null,
                    entry.event().promptTokens(),
                    entry.event().cachedTokens(),
                    entry.event().completionTokens(),
                    1))
            .toList();
    return Future.succeededFuture(
        new Buckets<>(
            List.of(
                new Bucket<>(query.start(), query.start().plus(query.width().length()), results)),
            null));
  }

  @Override
  public Future<Buckets<Cost>> costs(TenantId tenant, CostQuery query) {
    costQueries.add(query);
    var results =
        of(tenant, null).stream()
            .map(entry ->
                new Cost(entry.event().project(), null, "model, input", new BigDecimal("0.10")))
            .toList();
    return Future.succeededFuture(
        new Buckets<>(
            List.of(new Bucket<>(query.start(), query.start().plusSeconds(86_400), results)),
            query.start().plusSeconds(86_400)));
  }

  @Override
  public Future<Overview> overview(
      TenantId tenant, @Nullable ProjectId project, Instant start, Instant end) {
    var found = of(tenant, project);
    var totals = new Totals(found.size(), 0, found.isEmpty() ? null : 12_500L, PRICE);
    return Future.succeededFuture(
        new Overview(
            totals,
            new Totals(0, 0, null, BigDecimal.ZERO),
            null,
            PRICE,
            List.of(new Point(start, found.size(), 0)),
            found.stream().map(e -> new TopModel(e.event().model(), 1, PRICE)).toList(),
            found.stream()
                .map(e -> new TopKey(e.event().subjectId(), e.subjectName(), 1, PRICE))
                .toList(),
            List.of(new TopError("rate_limit_exceeded", 2))));
  }

  @Override
  public Future<Page<Requests.Entry>> list(
      TenantId tenant, Requests.Filter filter, @Nullable UUID after, int limit) {
    var found = new ArrayList<>(of(tenant, filter.project()));
    found.removeIf(
        entry -> filter.outcome() != null && entry.event().outcome() != filter.outcome());
    return Future.succeededFuture(
        new Page<>(found.subList(0, Math.min(limit, found.size())), found.size() > limit));
  }

  @Override
  public Future<Detail> get(TenantId tenant, @Nullable ProjectId project, UUID id) {
    return of(tenant, project).stream()
        .filter(entry -> entry.event().id().equals(id))
        .findFirst()
        .map(entry ->
            Future.succeededFuture(
                new Detail(
                    entry,
                    List.of(new Requests.Finding("pii.email", "redact", "prompt", 2)),
                    List.of(
                        new PriceLine(
                            Kind.INPUT, 10, PRICE, new BigDecimal("0.0000015"), Instant.EPOCH)))))
        .orElseGet(() ->
            Future.failedFuture(
                new TenancyException(new TenancyFailure.NotFound("request", id.toString()))));
  }

  @Override
  public Future<Long> usage(
      TenantId tenant,
      @Nullable ProjectId project,
      Instant start,
      Instant end,
      Function<List<Requests.Entry>, Future<Void>> sink) {
    var found = of(tenant, project);
    if (found.isEmpty()) {
      return Future.succeededFuture(0L);
    }
    return sink.apply(found).compose(taken -> sink.apply(found)).map(taken -> 2L * found.size());
  }

  @Override
  public Future<Invoice> invoice(TenantId tenant, YearMonth period) {
    var lines =
        of(tenant, null).stream()
            .map(entry ->
                new Line(
                    entry.event().project(),
                    "=name",
                    entry.event().model(),
                    Kind.INPUT,
                    PRICE,
                    Instant.EPOCH,
                    10,
                    new BigDecimal("0.0000015")))
            .toList();
    return Future.succeededFuture(
        new Invoice(tenant, period, "usd", lines, new BigDecimal("0.0000015"), lines.size(), 0, 1));
  }

  @Override
  public Future<Void> append(List<SecurityEvent> more) {
    events.addAll(more);
    return Future.succeededFuture();
  }

  @Override
  public Future<Page<SecurityEvent>> list(
      TenantId tenant,
      @Nullable ProjectId project,
      @Nullable Instant start,
      @Nullable Instant end,
      @Nullable UUID after,
      int limit) {
    return Future.succeededFuture(
        new Page<>(
            events.stream()
                .filter(event -> event.tenant().equals(tenant))
                .filter(event -> project == null || event.project().equals(project))
                .toList(),
            false));
  }
}
