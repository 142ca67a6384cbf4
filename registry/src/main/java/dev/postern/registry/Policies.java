package dev.postern.registry;

import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;

/** Guardrail policies by project. Kept in memory, changed by notifications within a second. */
public interface Policies {

  /**
   * The policy in force; completed at once when warm. A project without one of its own has the
   * default.
   */
  Future<GuardrailPolicy> effective(TenantId tenant, ProjectId project);

  /**
   * Replaces the project's policy by a new version.
   *
   * @return the stored policy with its version; fails with {@link TenancyFailure.NotFound} for a
   *     project that is not the tenant's and {@link RegistryFailure.Invalid} for one that breaks a
   *     rule
   */
  Future<GuardrailPolicy> replace(TenantId tenant, ProjectId project, GuardrailPolicy policy);

  /** The same, with the one who changed it in the audit log. */
  default Future<GuardrailPolicy> replace(
      Principal actor, ProjectId project, GuardrailPolicy policy) {
    return replace(actor.tenant(), project, policy);
  }
}
