package dev.postern.registry;

import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of projects. A change is in force on every gateway within a second, and in the audit
 * log.
 */
public interface Adapters {
  int MAX_PER_PROJECT = 100;

  /**
   * Checks a name before the work of an import is done.
   *
   * @return fails as {@link #add} would for the name, the project and their number
   */
  Future<Void> requireFree(TenantId tenant, ProjectId project, String base, String name);

  /**
   * @return the adapter; fails with {@link RegistryFailure.Invalid} for a bad name and {@link
   *     dev.postern.tenancy.TenancyFailure.Conflict} for one that is taken, or for too many
   */
  Future<Adapter> add(Principal actor, Adapter adapter);

  /**
   * Newest first.
   *
   * @param project null for all of the organisation
   */
  Future<Page<Adapter>> list(TenantId tenant, @Nullable ProjectId project, PageRequest page);

  /**
   * @param project null for any of the organisation
   * @return fails with {@code NotFound} for one that is not the tenant's and the project's
   */
  Future<Adapter> get(TenantId tenant, @Nullable ProjectId project, UUID id);

  /** As {@link #get}, and takes it away. */
  Future<Adapter> remove(Principal actor, @Nullable ProjectId project, UUID id);
}
