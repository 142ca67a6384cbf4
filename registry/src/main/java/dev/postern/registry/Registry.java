package dev.postern.registry;

import dev.postern.registry.internal.PgRegistry;
import dev.postern.tenancy.Tenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.time.InstantSource;

/** The module, put together: one for each gateway. Closes before the tenancy it stands on. */
public interface Registry extends AutoCloseable {

  /** Puts the module together on a migrated database. */
  static Future<Registry> open(Vertx vertx, Tenancy tenancy, InstantSource clock) {
    return PgRegistry.open(vertx, tenancy, clock);
  }

  Models models();

  Deployments deployments();

  Adapters adapters();

  RunnerDirectory runners();

  Routes routes();

  Policies policies();

  /** Ends what runs in the background. */
  @Override
  void close();
}
