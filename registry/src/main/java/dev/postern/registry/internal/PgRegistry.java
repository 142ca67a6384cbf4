package dev.postern.registry.internal;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.postern.registry.Registry;
import dev.postern.tenancy.Tenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.InstantSource;

/** The registry's stores, put together. */
public record PgRegistry(
    PgModels models,
    PgDeployments deployments,
    PgAdapters adapters,
    PgRunnerDirectory runners,
    PgRoutes routes,
    PgPolicies policies)
    implements Registry {

  /** Completes with the first routes in memory. */
  public static Future<Registry> open(Vertx vertx, Tenancy tenancy, InstantSource clock) {
    var store = new PgStore(tenancy.db(), clock);
    var runners = new PgRunnerDirectory(store);
    var routes = new PgRoutes(vertx, store, runners, tenancy.changes());
    var policies =
        new PgPolicies(store, tenancy.auditLog(), tenancy.changes(), Ticker.systemTicker());
    Registry registry =
        new PgRegistry(
            new PgModels(store),
            new PgDeployments(store),
            new PgAdapters(store, tenancy.auditLog()),
            runners,
            routes,
            policies);
    return routes.load().map(registry).onFailure(cause -> routes.close());
  }

  @Override
  public void close() {
    routes.close();
  }
}
