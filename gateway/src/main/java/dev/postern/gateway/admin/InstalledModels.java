package dev.postern.gateway.admin;

import io.vertx.core.Future;
import java.util.List;

/** The models that this installation's own machine serves. */
public interface InstalledModels {
  /** All of them: as many as were imported by hand. */
  Future<List<InstalledModel>> list();

  /** Fails with {@code ModelNotFound}. */
  Future<InstalledModel> get(String name);

  /**
   * Serves a chat model in a stored format from now on: within seconds where it runs.
   *
   * @param digest of the format
   * @return fails with {@code ModelNotFound}, or {@code Invalid} for a digest that is not stored of
   *     this model or that this machine cannot serve
   */
  Future<InstalledModel> serve(String name, String digest);
}
