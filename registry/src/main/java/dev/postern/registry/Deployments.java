package dev.postern.registry;

import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The names that clients call. Set by the operator, for all tenants or for one; a tenant's own
 * deployment hides one of the same name for all. A change is in force on every gateway within a
 * second.
 */
public interface Deployments {

  /**
   * Points a name to a version, new or in place of another.
   *
   * @param tenant null for all tenants
   * @return fails with {@link RegistryFailure.ModelNotFound} for an unknown digest and {@link
   *     RegistryFailure.Invalid} for a bad name
   */
  Future<Deployment> put(@Nullable TenantId tenant, String name, String digest);

  /**
   * Takes a name away. Without it, does nothing.
   *
   * @param tenant null for the one of all tenants
   */
  Future<Void> remove(@Nullable TenantId tenant, String name);

  /** All that the tenant may call, by name: what PostgreSQL has at this moment. */
  Future<List<Deployment>> list(TenantId tenant);
}
