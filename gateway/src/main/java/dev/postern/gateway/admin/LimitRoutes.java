package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.registry.Deployment;
import dev.postern.registry.Routes;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Organisations;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.math.BigDecimal;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a project may take: rate limits for each model, concurrency, money a month, and its share of
 * the runners.
 */
final class LimitRoutes implements RouteGroup {
  private static final String RATE_LIMITS = "/v1/organization/projects/:project/rate_limits";
  private static final String LIMITS = "/v1/postern/projects/:project/limits";
  private static final String ID_PREFIX = "rl-";
  private static final String REQUESTS = "max_requests_per_1_minute";
  private static final String TOKENS = "max_tokens_per_1_minute";
  private static final int MAX_PAGE = 100;
  private static final long MAX_RATE = 1_000_000_000_000L;
  private static final int MAX_CONCURRENT = 1_000_000;

  private final Limits limits;
  private final Projects projects;
  private final Routes routes;
  private final Organisations organisations;

  LimitRoutes(AdminStores stores) {
    this.limits = stores.limits();
    this.projects = stores.projects();
    this.routes = stores.routes();
    this.organisations = stores.organisations();
  }

  @Override
  public void register(Router router) {
    router
        .get(RATE_LIMITS)
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::list));
    router
        .post(RATE_LIMITS + "/:limit")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::update));
    router.get(LIMITS).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::get));
    router.put(LIMITS).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::put));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    var tenant = Api.principal(ctx).tenant();
    var project = Scope.project(ctx);
    var query = new Query(ctx);
    int limit = query.integer("limit", MAX_PAGE, 1, MAX_PAGE);
    var after = model(query, "after");
    var before = model(query, "before");
    return projects
        .get(tenant, project)
        .compose(own -> models(tenant))
        .compose(models -> {
          var wanted =
              models.stream()
                  .filter(model -> after == null || model.compareTo(after) > 0)
                  .filter(model -> before == null || model.compareTo(before) < 0)
                  .toList();
          var page = wanted.subList(0, Math.min(limit, wanted.size()));
          return limits
              .rateLimits(tenant, project, page)
              .map(list -> new Page<>(list, page.size() < wanted.size()));
        })
        .map(page -> Shapes.list(page, LimitRoutes::shape));
  }

  private Future<JsonNode> update(RoutingContext ctx) {
    var principal = Api.principal(ctx);
    var project = Scope.project(ctx);
    var id = ctx.pathParam("limit");
    return Body.read(
        ctx,
        Set.of(REQUESTS, TOKENS),
        body -> {
          var requests = body.optionalInteger(REQUESTS, 0, MAX_RATE);
          var tokens = body.optionalInteger(TOKENS, 0, MAX_RATE);
          return projects
              .get(principal.tenant(), project)
              .compose(own -> models(principal.tenant()))
              .compose(models ->
                  limits.updateRateLimit(principal, project, known(models, id), requests, tokens))
              .map(LimitRoutes::shape);
        });
  }

  private Future<ObjectNode> get(RoutingContext ctx) {
    var project = Scope.project(ctx);
    return tenant(ctx)
        .compose(tenant ->
            projects.get(tenant, project).compose(own -> limits.projectLimits(tenant, own.id())))
        .map(LimitRoutes::shape);
  }

  private Future<JsonNode> put(RoutingContext ctx) {
    var principal = Api.principal(ctx);
    var project = Scope.project(ctx);
    return Body.read(
        ctx,
        Set.of("object", "max_concurrent_requests", "budget", "share"),
        body -> {
          int concurrent = (int) body.integer("max_concurrent_requests", 1, MAX_CONCURRENT);
          var budget = budget(body);
          var share = share(body);
          return tenant(ctx)
              .compose(tenant ->
                  projects
                      .get(tenant, project)
                      .compose(own -> mayShare(principal.tenant(), tenant, own.id(), share))
                      .compose(may ->
                          limits.putProjectLimits(
                              principal, tenant, project, concurrent, budget, share)))
              .map(LimitRoutes::shape);
        });
  }

  /** Whose project it is: the caller's, or, for the operator, that of the organisation named. */
  private Future<TenantId> tenant(RoutingContext ctx) {
    var own = Api.principal(ctx).tenant();
    var named = new Query(ctx).text("organization_id");
    if (named == null) {
      return Future.succeededFuture(own);
    }
    var tenant = new TenantId(WireId.ORGANISATION.require(named));
    return organisations.requireOperator(own).map(tenant);
  }

  /** What a project gets of the runners is taken from all others: only the operator changes it. */
  private Future<Void> mayShare(
      TenantId actor, TenantId tenant, ProjectId project, Limits.@Nullable Share share) {
    if (share == null) {
      return Future.succeededFuture();
    }
    return limits
        .projectLimits(tenant, project)
        .compose(now ->
            now.share().equals(share)
                ? Future.succeededFuture()
                : organisations.requireOperator(actor));
  }

  private static Limits.@Nullable Share share(Body body) {
    if (!body.has("share")) {
      return null;
    }
    var share = body.object("share").only(Set.of("weight", "priority"));
    return new Limits.Share(
        (int) share.integer("weight", 1, Limits.Share.MAX_WEIGHT), share.flag("priority"));
  }

  /** {@code spent} may be sent back as it was read, but says nothing. */
  private static @Nullable BigDecimal budget(Body body) {
    if (!body.has("budget")) {
      return null;
    }
    var budget = body.object("budget").only(Set.of("amount", "period", "spent"));
    if (budget.has("period") && !budget.text("period", 16).equals("month")) {
      throw budget.invalid("period", "must be month");
    }
    return budget.optionalMoney("amount");
  }

  private Future<List<String>> models(TenantId tenant) {
    return routes
        .deployments(tenant)
        .map(all -> all.stream().map(Deployment::name).sorted().toList());
  }

  private static String known(List<String> models, String id) {
    if (id.startsWith(ID_PREFIX) && models.contains(id.substring(ID_PREFIX.length()))) {
      return id.substring(ID_PREFIX.length());
    }
    throw new TenancyException(new TenancyFailure.NotFound("rate limit", id));
  }

  private static @Nullable String model(Query query, String name) {
    var id = query.text(name);
    if (id != null && !id.startsWith(ID_PREFIX)) {
      throw Query.invalid(name, "must be the id of a rate limit, such as rl-MODEL");
    }
    return id == null ? null : id.substring(ID_PREFIX.length());
  }

  private static ObjectNode shape(Limits.RateLimit limit) {
    return Shapes.object("project.rate_limit")
        .put("id", ID_PREFIX + limit.model())
        .put("model", limit.model())
        .put(REQUESTS, limit.requestsPerMinute())
        .put(TOKENS, limit.tokensPerMinute());
  }

  private static ObjectNode shape(Limits.ProjectLimits limits) {
    var node =
        Shapes.object("postern.limits")
            .put("max_concurrent_requests", limits.maxConcurrentRequests());
    var budget = node.putObject("budget");
    budget.set("amount", Shapes.money(limits.budget()));
    budget.put("period", "month");
    budget.set("spent", Shapes.money(limits.spent()));
    node.putObject("share")
        .put("weight", limits.share().weight())
        .put("priority", limits.share().priority());
    return node;
  }
}
