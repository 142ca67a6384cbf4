package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.UsageReports.UsageDimension;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.InstantSource;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Usage by time. What this server does not do is reported as not done. */
final class UsageRoutes implements RouteGroup {
  private static final String PATH = "/v1/organization/usage/";
  private static final List<String> NEVER_USED =
      List.of(
          "audio_speeches",
          "audio_transcriptions",
          "code_interpreter_sessions",
          "file_search_calls",
          "images",
          "moderations",
          "vector_stores",
          "web_search_calls");
  private static final Map<String, UsageDimension> DIMENSIONS =
      Map.of(
          "project_id", UsageDimension.PROJECT,
          "user_id", UsageDimension.USER,
          "api_key_id", UsageDimension.API_KEY,
          "model", UsageDimension.MODEL);

  /** Every call has the same value for these, so grouping by them only names it. */
  private static final String BATCH = "batch";

  private static final String SERVICE_TIER = "service_tier";

  private final UsageReports reports;
  private final InstantSource clock;

  UsageRoutes(UsageReports reports, InstantSource clock) {
    this.reports = reports;
    this.clock = clock;
  }

  @Override
  public void register(Router router) {
    router
        .get(PATH + "completions")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(ctx -> report(ctx, UsageReports.Api.COMPLETIONS)));
    router
        .get(PATH + "embeddings")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(ctx -> report(ctx, UsageReports.Api.EMBEDDINGS)));
    for (var name : NEVER_USED) {
      router
          .get(PATH + name)
          .handler(Api.allow(SESSION, ADMIN_KEY))
          .handler(
              Answers.json(ctx -> Future.succeededFuture(nothing(Periods.ofUsage(ctx, clock)))));
    }
  }

  private Future<ObjectNode> report(RoutingContext ctx, UsageReports.Api api) {
    var query = new Query(ctx);
    var periods = Periods.ofUsage(ctx, clock);
    var groupBy = query.list("group_by");
    var dimensions = EnumSet.noneOf(UsageDimension.class);
    for (var word : groupBy) {
      var dimension = DIMENSIONS.get(word);
      if (dimension != null) {
        dimensions.add(dimension);
      } else if (!word.equals(BATCH) && !word.equals(SERVICE_TIER)) {
        throw Query.invalid(
            "group_by",
            "must be of " + String.join(", ", DIMENSIONS.keySet()) + ", batch, service_tier");
      }
    }
    var filter =
        new UsageReports.Filter(
            query.projects("project_ids"),
            query.ids("user_ids", WireId.USER),
            query.ids("api_key_ids", WireId.API_KEY),
            Set.copyOf(query.list("models")));
    if (query.flag(BATCH)) {
      return Future.succeededFuture(nothing(periods));
    }
    return reports
        .usage(
            Api.principal(ctx).tenant(),
            new UsageReports.UsageQuery(
                api,
                periods.start(),
                periods.end(),
                periods.width(),
                dimensions,
                filter,
                periods.limit()))
        .map(report -> Periods.shape(report, usage -> shape(usage, api, groupBy)));
  }

  private static ObjectNode nothing(Periods periods) {
    return Periods.shape(periods.empty(), result -> Shapes.object(""));
  }

  private static ObjectNode shape(
      UsageReports.Usage usage, UsageReports.Api api, List<String> groupBy) {
    var node =
        Shapes.object("organization.usage." + Shapes.word(api) + ".result")
            .put("input_tokens", usage.inputTokens())
            .put("num_model_requests", usage.requests())
            .put("project_id", Shapes.id(usage.project()))
            .put("user_id", Shapes.id(WireId.USER, usage.user()))
            .put("api_key_id", Shapes.id(WireId.API_KEY, usage.apiKey()))
            .put("model", usage.model());
    if (api == UsageReports.Api.COMPLETIONS) {
      node.put("output_tokens", usage.outputTokens())
          .put("input_cached_tokens", usage.cachedTokens())
          .put("input_audio_tokens", 0)
          .put("output_audio_tokens", 0)
          .put(BATCH, groupBy.contains(BATCH) ? Boolean.FALSE : null)
          .put(SERVICE_TIER, groupBy.contains(SERVICE_TIER) ? "default" : null);
    }
    return node;
  }
}
