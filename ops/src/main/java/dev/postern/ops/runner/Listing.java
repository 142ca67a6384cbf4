package dev.postern.ops.runner;

import dev.postern.registry.ModelVersion;
import dev.postern.registry.Models;
import dev.postern.registry.Registry;
import dev.postern.registry.RunnerDirectory;
import dev.postern.tenancy.Prices;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.math.BigDecimal;
import java.net.URI;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Enters a runner and its models where gateways look. Waits for the database. */
final class Listing {
  private static final long STORE_SECONDS = 10;

  /** What a million tokens cost until an operator sets a price, in US dollars. */
  private static final BigDecimal FIRST_PRICE = new BigDecimal("0.10");

  private final Registry registry;
  private final Prices prices;
  private List<Model> entered = List.of();

  /**
   * @param name what clients call it
   * @param place its folder; empty when it is on another machine
   */
  record Model(String name, ModelVersion version, String place) {}

  Listing(Registry registry, Prices prices) {
    this.registry = registry;
    this.prices = prices;
  }

  Registry registry() {
    return registry;
  }

  void enter(String runner, URI uri, List<Model> models) throws TimeoutException {
    if (!models.equals(entered)) {
      for (var model : models) {
        var stored = new Models.Stored(model.version(), model.place(), new JsonObject());
        stored(registry.models().register(stored));
        stored(registry.deployments().put(null, model.name(), model.version().digest()));
      }
      stored(prices.seedDefaults(models.stream().flatMap(model -> seeds(model).stream()).toList()));
      entered = models;
    }
    var served =
        models.stream()
            .map(model -> new RunnerDirectory.Served(model.version().digest(), model.name()))
            .toList();
    stored(registry.runners().register(runner, uri, served));
  }

  /** Returns whether the runner is still entered. */
  boolean heartbeat(String runner) throws TimeoutException {
    return stored(registry.runners().heartbeat(runner));
  }

  void remove(String runner) throws TimeoutException {
    stored(registry.runners().remove(runner));
  }

  private static List<Prices.Seed> seeds(Model model) {
    var input = new Prices.Seed(model.name(), Prices.Kind.INPUT, FIRST_PRICE);
    return switch (model.version().role()) {
      case CHAT ->
          List.of(
              input,
              new Prices.Seed(
                  model.name(), Prices.Kind.OUTPUT, FIRST_PRICE.multiply(BigDecimal.TWO)));
      case EMBEDDING, CLASSIFIER, RERANKER -> List.of(input);
    };
  }

  static <T> T stored(Future<T> future) throws TimeoutException {
    return future.await(STORE_SECONDS, TimeUnit.SECONDS);
  }
}
