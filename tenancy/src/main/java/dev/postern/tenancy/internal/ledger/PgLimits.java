package dev.postern.tenancy.internal.ledger;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.DefaultLimits;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantDb;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import dev.postern.tenancy.internal.Columns;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.math.BigDecimal;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Limits in PostgreSQL. Triggers on the tables tell the gateways of a change. */
public final class PgLimits implements Limits {
  private static final int MAX_MODEL_NAME = 200;
  private static final int MAX_SCALE = 10;
  private static final BigDecimal MAX_BUDGET = BigDecimal.TEN.pow(9);

  /** Beyond what any gateway serves, and small enough for sums of many. */
  private static final long MAX_RATE = 1L << 40;

  private static final int MAX_CONCURRENT = 1_000_000;

  private static final String RATES =
      """
      SELECT model, requests_per_minute, tokens_per_minute FROM rate_limits
      WHERE project_id = $1 AND model = ANY ($2)
      """;

  private static final String HAS_PROJECT = "SELECT FROM projects WHERE id = $1";

  private static final String SET_RATE =
      """
      INSERT INTO rate_limits AS r
        (project_id, model, tenant_id, requests_per_minute, tokens_per_minute)
      VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (project_id, model) DO UPDATE SET
        requests_per_minute = coalesce(excluded.requests_per_minute, r.requests_per_minute),
        tokens_per_minute = coalesce(excluded.tokens_per_minute, r.tokens_per_minute)
      RETURNING model, requests_per_minute, tokens_per_minute
      """;

  private static final String PROJECT_LIMITS =
      """
      SELECT l.max_concurrent_requests, l.monthly_budget, coalesce(s.spent, 0) AS spent,
        coalesce(l.weight, 1) AS weight, coalesce(l.priority, false) AS priority
      FROM projects p
      LEFT JOIN project_limits l ON l.project_id = p.id
      LEFT JOIN project_spend s ON s.project_id = p.id AND s.month = $2
      WHERE p.id = $1
      """;

  private static final String SET_PROJECT_LIMITS =
      """
      INSERT INTO project_limits AS l
        (project_id, tenant_id, max_concurrent_requests, monthly_budget, weight, priority)
      VALUES ($1, $2, $3, $4, $5, coalesce($6, false))
      ON CONFLICT (project_id) DO UPDATE SET
        max_concurrent_requests = excluded.max_concurrent_requests,
        monthly_budget = excluded.monthly_budget,
        weight = coalesce($5, l.weight),
        priority = coalesce($6, l.priority)
      """;

  private final TenantDb db;
  private final AuditLog auditLog;
  private final DefaultLimits defaults;
  private final InstantSource clock;

  public PgLimits(TenantDb db, AuditLog auditLog, DefaultLimits defaults, InstantSource clock) {
    this.db = db;
    this.auditLog = auditLog;
    this.defaults = defaults;
    this.clock = clock;
  }

  @Override
  public Future<List<RateLimit>> rateLimits(
      TenantId tenant, ProjectId project, List<String> models) {
    return db.inTenant(
        tenant,
        connection ->
            requireProject(connection, project)
                .compose(found ->
                    connection
                        .preparedQuery(RATES)
                        .execute(Tuple.of(project.value(), (Object) models.toArray(String[]::new))))
                .map(rows -> {
                  Map<String, RateLimit> own = new HashMap<>();
                  rows.forEach(row -> own.put(row.getString("model"), rate(row)));
                  return models.stream()
                      .map(model -> own.getOrDefault(model, standard(model)))
                      .toList();
                }));
  }

  private RateLimit standard(String model) {
    return new RateLimit(model, defaults.requestsPerMinute(), defaults.tokensPerMinute());
  }

  private RateLimit rate(Row row) {
    Long requests = row.getLong("requests_per_minute");
    Long tokens = row.getLong("tokens_per_minute");
    return new RateLimit(
        row.getString("model"),
        requests == null ? defaults.requestsPerMinute() : requests,
        tokens == null ? defaults.tokensPerMinute() : tokens);
  }

  private static Future<Void> requireProject(SqlConnection connection, ProjectId project) {
    return connection
        .preparedQuery(HAS_PROJECT)
        .execute(Tuple.of(project.value()))
        .compose(rows ->
            rows.size() == 1
                ? Future.succeededFuture()
                : failed(WireId.PROJECT.notFound(project.value())));
  }

  private static <T> Future<T> failed(TenancyFailure failure) {
    return Future.failedFuture(new TenancyException(failure));
  }

  @Override
  public Future<RateLimit> updateRateLimit(
      Principal actor,
      ProjectId project,
      String model,
      @Nullable Long requestsPerMinute,
      @Nullable Long tokensPerMinute) {
    if (model.isBlank() || model.length() > MAX_MODEL_NAME || model.indexOf('\0') >= 0) {
      return failed(new TenancyFailure.NotFound("rate limit", model));
    }
    if (isNoRate(requestsPerMinute)) {
      return failed(noRate("max_requests_per_1_minute"));
    }
    if (isNoRate(tokensPerMinute)) {
      return failed(noRate("max_tokens_per_1_minute"));
    }
    var values =
        Tuple.tuple()
            .addUUID(project.value())
            .addString(model)
            .addUUID(actor.tenant().value())
            .addLong(requestsPerMinute)
            .addLong(tokensPerMinute);
    return db.inTenant(
        actor.tenant(),
        connection ->
            requireProject(connection, project)
                .compose(found -> connection.preparedQuery(SET_RATE).execute(values))
                .map(rows -> rate(rows.iterator().next()))
                .compose(set -> auditLog.append(connection, change(actor, project, set)).map(set)));
  }

  private static boolean isNoRate(@Nullable Long rate) {
    return rate != null && (rate < 0 || rate > MAX_RATE);
  }

  private static TenancyFailure noRate(String param) {
    return new TenancyFailure.Invalid(param, param + " must be from 0 to " + MAX_RATE);
  }

  private static AuditLog.Change change(Principal actor, ProjectId project, RateLimit limit) {
    return new AuditLog.Change(
        Actor.of(actor),
        "rate_limit.updated",
        project,
        "rl-" + limit.model(),
        new JsonObject()
            .put("max_requests_per_1_minute", limit.requestsPerMinute())
            .put("max_tokens_per_1_minute", limit.tokensPerMinute()));
  }

  @Override
  public Future<ProjectLimits> projectLimits(TenantId tenant, ProjectId project) {
    return db.inTenant(tenant, connection -> projectLimits(connection, project));
  }

  private Future<ProjectLimits> projectLimits(SqlConnection connection, ProjectId project) {
    LocalDate month = Columns.month(clock.instant());
    return connection
        .preparedQuery(PROJECT_LIMITS)
        .execute(Tuple.of(project.value(), month))
        .compose(rows -> {
          if (rows.size() == 0) {
            return failed(WireId.PROJECT.notFound(project.value()));
          }
          Row row = rows.iterator().next();
          Integer concurrent = row.getInteger("max_concurrent_requests");
          return Future.succeededFuture(
              new ProjectLimits(
                  concurrent == null ? defaults.concurrentRequests() : concurrent,
                  row.getBigDecimal("monthly_budget"),
                  row.getBigDecimal("spent"),
                  new Share(row.getInteger("weight"), row.getBoolean("priority"))));
        });
  }

  @Override
  public Future<ProjectLimits> putProjectLimits(
      Principal actor,
      TenantId tenant,
      ProjectId project,
      int maxConcurrentRequests,
      @Nullable BigDecimal budget,
      @Nullable Share share) {
    if (maxConcurrentRequests < 0 || maxConcurrentRequests > MAX_CONCURRENT) {
      return failed(
          new TenancyFailure.Invalid(
              "max_concurrent_requests",
              "max_concurrent_requests must be from 0 to " + MAX_CONCURRENT));
    }
    if (budget != null && isNoBudget(budget)) {
      return failed(
          new TenancyFailure.Invalid(
              "budget.amount",
              "budget.amount must be from 0 to 10^9 with at most 10 digits after the point"));
    }
    if (share != null && (share.weight() < 1 || share.weight() > Share.MAX_WEIGHT)) {
      return failed(
          new TenancyFailure.Invalid(
              "share.weight", "share.weight must be from 1 to " + Share.MAX_WEIGHT));
    }
    var values =
        Tuple.tuple()
            .addUUID(project.value())
            .addUUID(tenant.value())
            .addInteger(maxConcurrentRequests)
            .addBigDecimal(budget)
            .addInteger(share == null ? null : share.weight())
            .addBoolean(share == null ? null : share.priority());
    return db.inTenant(
        tenant,
        connection ->
            requireProject(connection, project)
                .compose(found -> connection.preparedQuery(SET_PROJECT_LIMITS).execute(values))
                .compose(set -> projectLimits(connection, project))
                .compose(set -> auditLog.append(connection, change(actor, project, set)).map(set)));
  }

  private static boolean isNoBudget(BigDecimal budget) {
    return budget.signum() < 0
        || budget.compareTo(MAX_BUDGET) > 0
        || budget.stripTrailingZeros().scale() > MAX_SCALE;
  }

  private static AuditLog.Change change(Principal actor, ProjectId project, ProjectLimits limits) {
    BigDecimal budget = limits.budget();
    return new AuditLog.Change(
        Actor.of(actor),
        "project_limits.updated",
        project,
        WireId.PROJECT.format(project.value()),
        new JsonObject()
            .put("max_concurrent_requests", limits.maxConcurrentRequests())
            .put("budget", budget == null ? null : budget.toPlainString())
            .put("weight", limits.share().weight())
            .put("priority", limits.share().priority()));
  }
}
