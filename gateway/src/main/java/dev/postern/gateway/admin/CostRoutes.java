package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.UsageReports.CostDimension;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.InstantSource;
import java.util.Map;
import java.util.Set;

/** What usage cost, by day. */
final class CostRoutes implements RouteGroup {
  private static final Map<String, CostDimension> DIMENSIONS =
      Map.of(
          "project_id", CostDimension.PROJECT,
          "api_key_id", CostDimension.API_KEY,
          "line_item", CostDimension.LINE_ITEM);

  private final UsageReports reports;
  private final InstantSource clock;

  CostRoutes(UsageReports reports, InstantSource clock) {
    this.reports = reports;
    this.clock = clock;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/organization/costs")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::report));
  }

  private Future<ObjectNode> report(RoutingContext ctx) {
    var query = new Query(ctx);
    var periods = Periods.ofCosts(ctx, clock);
    var filter =
        new UsageReports.Filter(
            query.projects("project_ids"),
            Set.of(),
            query.ids("api_key_ids", WireId.API_KEY),
            Set.of());
    return reports
        .costs(
            Api.principal(ctx).tenant(),
            new UsageReports.CostQuery(
                periods.start(),
                periods.end(),
                query.choices("group_by", DIMENSIONS),
                filter,
                periods.limit()))
        .map(report -> Periods.shape(report, CostRoutes::shape));
  }

  /** The OpenAI shape has a number here; it is written with all its digits. */
  private static ObjectNode shape(UsageReports.Cost cost) {
    var node = Shapes.object("organization.costs.result");
    node.putObject("amount").put("value", cost.amount()).put("currency", Shapes.CURRENCY);
    return node.put("line_item", cost.lineItem())
        .put("project_id", Shapes.id(cost.project()))
        .put("api_key_id", Shapes.id(WireId.API_KEY, cost.apiKey()));
  }
}
