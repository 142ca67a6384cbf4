package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.registry.ModelVersion;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Work on models' formats: begun, watched and cancelled by the operator. */
final class ModelJobRoutes implements RouteGroup {
  private static final String JOBS = "/v1/postern/jobs";
  private static final Map<String, ModelJob.Format> FORMATS =
      Map.of(
          "int8", ModelJob.Format.INT8,
          "q8", ModelJob.Format.Q8,
          "q4", ModelJob.Format.Q4,
          "f16", ModelJob.Format.F16,
          "mixed", ModelJob.Format.MIXED);

  private final InstalledModels models;
  private final ModelJobs jobs;
  private final OperatorActs acts;

  ModelJobRoutes(InstalledModels models, ModelJobs jobs, OperatorActs acts) {
    this.models = models;
    this.jobs = jobs;
    this.acts = acts;
  }

  @Override
  public void register(Router router) {
    router
        .post(InstalledModelRoutes.PATH + "/:model/measure")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(ctx -> Body.read(ctx, Set.of(), body -> start(ctx, null))));
    router
        .post(InstalledModelRoutes.PATH + "/:model/quantize")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                Body.read(
                    ctx,
                    Set.of("format", "max_bytes", "max_divergence"),
                    body -> start(ctx, target(body)))));
    router.get(JOBS).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::list));
    router
        .get(JOBS + "/:job")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                acts.require(ctx)
                    .map(may -> shape(jobs.get(Scope.pathId(ctx, "job", WireId.JOB))))));
    router
        .post(JOBS + "/:job/cancel")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(ctx -> Body.read(ctx, Set.of(), body -> cancel(ctx))));
  }

  private static ModelJob.Target target(Body body) {
    var format = body.choice("format", FORMATS);
    var bytes = body.optionalInteger("max_bytes", 1, Long.MAX_VALUE);
    var divergence = body.optionalNumber("max_divergence", 0, 100);
    if (format != ModelJob.Format.MIXED && bytes != null) {
      throw body.invalid("max_bytes", "is for the format mixed");
    }
    if (divergence != null && (format != ModelJob.Format.MIXED || bytes != null)) {
      throw body.invalid("max_divergence", "is for the format mixed, without max_bytes");
    }
    return new ModelJob.Target(format, bytes, divergence);
  }

  private Future<JsonNode> start(RoutingContext ctx, ModelJob.@Nullable Target target) {
    var name = ctx.pathParam("model");
    return acts.require(ctx)
        .compose(may -> models.get(name))
        .compose(model -> {
          if (model.version().role() != ModelVersion.Role.CHAT) {
            throw new WireException(new WireFailure.WrongModelRole(name, "generating text"));
          }
          var format = target == null ? null : Shapes.word(target.format());
          return acts.record(
              ctx,
              target == null ? "model.measure" : "model.quantize",
              name,
              new JsonObject().put("id", name).put("format", format));
        })
        .map(recorded -> shape(jobs.start(name, target)));
  }

  private Future<JsonNode> cancel(RoutingContext ctx) {
    var id = Scope.pathId(ctx, "job", WireId.JOB);
    var shown = WireId.JOB.format(id);
    return acts.require(ctx)
        .map(may -> jobs.get(id))
        .compose(
            job -> acts.record(ctx, "model_job.cancel", shown, new JsonObject().put("id", shown)))
        .map(recorded -> shape(jobs.cancel(id)));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    Supplier<ObjectNode> page =
        () -> Shapes.list(jobs.list(new Query(ctx).page(WireId.JOB)), ModelJobRoutes::shape);
    return acts.require(ctx).map(may -> page.get());
  }

  private static ObjectNode shape(ModelJob job) {
    var target = job.target();
    return Shapes.object("postern.job")
        .put("id", WireId.JOB.format(job.id()))
        .put("kind", target == null ? "measure" : "quantize")
        .put("model", job.model())
        .put("format", target == null ? null : Shapes.word(target.format()))
        .put("state", Shapes.word(job.state()))
        .put("step", job.step())
        .put("progress", job.share())
        .put("digest", job.digest())
        .put("error", job.error())
        .put("created_at", job.createdAt())
        .put("started_at", job.startedAt())
        .put("ended_at", job.endedAt());
  }
}
