package dev.postern.gateway.admin;

import static dev.postern.tenancy.Principal.Kind.ADMIN_KEY;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The dated price book. An entry is never changed: a new price is a new entry. */
final class PriceRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/prices";
  private static final int MAX_MODEL = 256;
  private static final Map<String, Prices.Kind> KINDS = new LinkedHashMap<>();

  static {
    for (var kind : Prices.Kind.values()) {
      KINDS.put(Shapes.word(kind), kind);
    }
  }

  private final Prices prices;

  PriceRoutes(Prices prices) {
    this.prices = prices;
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
        body ->
            prices
                .add(
                    Api.principal(ctx),
                    body.name("model", MAX_MODEL),
                    body.choice("kind", KINDS),
                    body.money("price_per_million"),
                    body.optionalTime("effective_from"))
                .map(PriceRoutes::shape));
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
