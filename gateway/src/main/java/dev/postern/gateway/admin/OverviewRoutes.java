package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.time.InstantSource;

/** The figures of the console's home page; the last day where no time is named. */
final class OverviewRoutes implements RouteGroup {
  private static final Duration USUAL = Duration.ofDays(1);
  private static final Duration LONGEST = Duration.ofDays(366);

  private final UsageReports reports;
  private final Projects projects;
  private final InstantSource clock;

  OverviewRoutes(UsageReports reports, Projects projects, InstantSource clock) {
    this.reports = reports;
    this.projects = projects;
    this.clock = clock;
  }

  @Override
  public void register(Router router) {
    router
        .get("/v1/postern/overview")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::overview));
  }

  private Future<ObjectNode> overview(RoutingContext ctx) {
    var query = new Query(ctx);
    var end = query.time("end_time", clock.instant());
    var start = query.time("start_time", end.minus(USUAL));
    if (!start.isBefore(end) || Duration.between(start, end).compareTo(LONGEST) > 0) {
      throw Query.invalid(
          "end_time", "must be after start_time, by at most " + LONGEST.toDays() + " days");
    }
    return Scope.narrowed(ctx, projects)
        .compose(project ->
            reports.overview(Api.principal(ctx).tenant(), project.orElse(null), start, end))
        .map(OverviewRoutes::shape);
  }

  private static ObjectNode shape(UsageReports.Overview overview) {
    var node = Shapes.object("postern.overview");
    node.set("current", shape(overview.current()));
    node.set("previous", shape(overview.previous()));
    var budget = node.putObject("budget");
    budget.set("limit", Shapes.money(overview.budget()));
    budget.set("spent", Shapes.money(overview.budgetSpent()));
    var series = node.putArray("series");
    for (var point : overview.series()) {
      series
          .addObject()
          .put("start_time", point.start().getEpochSecond())
          .put("requests", point.requests())
          .put("errors", point.errors());
    }
    ArrayNode models = node.putArray("top_models");
    for (var model : overview.topModels()) {
      var top = models.addObject().put("name", model.name()).put("requests", model.requests());
      top.set("spend", Shapes.money(model.spend()));
    }
    ArrayNode keys = node.putArray("top_keys");
    for (var key : overview.topKeys()) {
      var top =
          keys.addObject()
              .put("id", WireId.API_KEY.format(key.id()))
              .put("name", key.name())
              .put("requests", key.requests());
      top.set("spend", Shapes.money(key.spend()));
    }
    ArrayNode errors = node.putArray("top_errors");
    for (var error : overview.topErrors()) {
      errors.addObject().put("code", error.code()).put("requests", error.requests());
    }
    return node;
  }

  private static ObjectNode shape(UsageReports.Totals totals) {
    var firstToken = totals.p95FirstTokenMicros();
    var node =
        Api.JSON
            .createObjectNode()
            .put("requests", totals.requests())
            .put("errors", totals.errors())
            .put("p95_first_token_ms", firstToken == null ? null : Shapes.milliseconds(firstToken));
    node.set("spend", Shapes.money(totals.spend()));
    return node;
  }
}
