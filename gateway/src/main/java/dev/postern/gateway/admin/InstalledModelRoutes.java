package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;
import static dev.postern.tenancy.Principal.Kind.SESSION;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Page;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;

/** The models of this machine with what is known and measured of them: the operator's view. */
final class InstalledModelRoutes implements RouteGroup {
  static final String PATH = "/v1/postern/models";

  private static final int MOST = 100;
  private static final int MAX_DIGEST = 80;

  private final InstalledModels models;
  private final OperatorActs acts;

  InstalledModelRoutes(InstalledModels models, OperatorActs acts) {
    this.models = models;
    this.acts = acts;
  }

  @Override
  public void register(Router router) {
    router.get(PATH).handler(Api.allow(SESSION, ADMIN_KEY)).handler(Answers.json(this::list));
    router
        .get(PATH + "/:model")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                acts.require(ctx)
                    .compose(may -> models.get(ctx.pathParam("model")))
                    .map(InstalledModelRoutes::shape)));
    router
        .post(PATH + "/:model/serve")
        .handler(Api.allow(SESSION, ADMIN_KEY))
        .handler(Answers.json(this::serve));
  }

  private Future<ObjectNode> list(RoutingContext ctx) {
    return acts.require(ctx)
        .compose(may -> models.list())
        .map(all -> {
          var shown = all.stream().limit(MOST).toList();
          return Shapes.list(
              new Page<>(shown, all.size() > shown.size()), InstalledModelRoutes::shape);
        });
  }

  private Future<JsonNode> serve(RoutingContext ctx) {
    var name = ctx.pathParam("model");
    return Body.read(
        ctx,
        Set.of("digest"),
        body -> {
          var digest = body.text("digest", MAX_DIGEST);
          var detail = new JsonObject().put("id", name).put("digest", digest);
          return acts.require(ctx)
              .compose(may -> models.get(name))
              .compose(model -> acts.record(ctx, "model.serve", name, detail))
              .compose(recorded -> models.serve(name, digest))
              .map(InstalledModelRoutes::shape);
        });
  }

  private static ObjectNode shape(InstalledModel model) {
    var version = model.version();
    var node =
        Shapes.object("postern.model")
            .put("id", model.name())
            .put("name", model.name())
            .put("role", Shapes.word(version.role()))
            .put("digest", version.digest())
            .put("context_length", version.contextLength())
            .put("width", version.embeddingLength())
            .put("why", model.why());
    var card = model.card();
    node.set("card", card == null ? null : shape(card));
    var formats = node.putArray("formats");
    model.formats().forEach(format -> formats.add(shape(format)));
    return node;
  }

  private static ObjectNode shape(InstalledModel.Card card) {
    var node =
        Api.JSON
            .createObjectNode()
            .put("title", card.title())
            .put("source", card.source())
            .put("source_digest", card.sourceDigest())
            .put("licence", card.licence())
            .put("family", card.family())
            .put("architecture", card.architecture())
            .put("layers", card.layers())
            .put("parameters", card.parameters());
    var parts = node.putArray("parts");
    for (var part : card.parts()) {
      parts.addObject().put("name", part.name()).put("parameters", part.parameters());
    }
    return node.put("tokenizer", card.tokenizer())
        .put("vocabulary", card.vocabulary())
        .put("templated", card.templated());
  }

  private static ObjectNode shape(InstalledModel.Format format) {
    var node =
        Api.JSON
            .createObjectNode()
            .put("name", format.name())
            .put("digest", format.digest())
            .put("bytes", format.bytes())
            .put("served", format.served())
            .put("servable", format.servable());
    var quality = format.quality();
    node.set("quality", quality == null ? null : shape(quality));
    return node;
  }

  private static ObjectNode shape(InstalledModel.Quality quality) {
    return Api.JSON
        .createObjectNode()
        .put("tokens_per_cpu_second", quality.speed())
        .put("tokens_per_cpu_second_of_8", quality.speedOfEight())
        .put("divergence", quality.divergence())
        .put("perplexity", quality.perplexity())
        .put("perplexity_change", quality.perplexityChange())
        .put("agreement", quality.agreement())
        .put("positions", quality.positions())
        .put("faithful", quality.faithful())
        .put("measured_at", quality.measuredAt());
  }
}
