package dev.postern.registry;

import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.util.List;

/**
 * Resolves the {@code model} of a request. Kept in memory, changed by notifications from PostgreSQL
 * within a second.
 */
public interface Routes {

  /**
   * @return the plan; fails with {@link RegistryException} of {@link RegistryFailure.ModelNotFound}
   *     for a name this tenant cannot see. Completed at once when warm.
   */
  Future<RoutePlan> resolve(TenantId tenant, String model);

  /** As {@link #resolve(TenantId, String)}, and finds the project's adapters too. */
  Future<RoutePlan> resolve(TenantId tenant, ProjectId project, String model);

  /** The deployments this tenant may call, by name. */
  Future<List<Deployment>> deployments(TenantId tenant);

  /** The adapters that the project may call, by model name. */
  Future<List<Adapter>> adapters(TenantId tenant, ProjectId project);
}
