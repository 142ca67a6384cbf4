package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Organisations;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * The dated price book. All may read it, the operator adds to it. An entry is never changed: a new
 * price is a new entry.
 */
final class PriceRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/prices";
  private static final int MAX_MODEL = 256;
  private static final Map<String, Prices.Kind> KINDS = new LinkedHashMap<>();

  static {
    for (var kind : Prices.Kind.values()) {
      KINDS.put(Shapes.word(kind), kind);
    }
  }

  private final Organisations organisations;
  private final Prices prices;

  PriceRoutes(AdminStores stores) {
    this.organisations = stores.organisations();
    this.prices = stores.prices();
  }

  @Override
  public void register(Router router) {
    router
        .get(PATH)
        .handler(Api.allow(ADMIN_KEY))
        .handler(
            Answers.json(ctx ->
                prices.list().map(all -> Shapes.list(new Page<>(all, false), PriceRoutes::shape))));
    router.post(PATH).handler(Api.allow(ADMIN_KEY)).handler(Answers.json(this::add));
  }

  private Future<JsonNode> add(RoutingContext ctx) {
    return Body.read(
        ctx,
        Set.of("model", "kind", "price_per_million", "effective_from"),
        body -> {
          var model = body.name("model", MAX_MODEL);
          var kind = body.choice("kind", KINDS);
          var perMillion = body.money("price_per_million");
          var from = body.optionalTime("effective_from");
          return organisations
              .requireOperator(Api.principal(ctx).tenant())
              .compose(may -> prices.add(Api.principal(ctx), model, kind, perMillion, from))
              .map(PriceRoutes::shape);
        });
  }

  private static ObjectNode shape(Prices.Price price) {
    var node =
        Shapes.object("postern.price")
            .put("id", WireId.PRICE.format(price.id()))
            .put("model", price.model())
            .put("kind", Shapes.word(price.kind()));
    node.set("price_per_million", Shapes.money(price.perMillion()));
    return node.put("effective_from", price.effectiveFrom().getEpochSecond());
  }
}
