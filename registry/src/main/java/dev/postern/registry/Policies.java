package dev.postern.registry;

import dev.postern.tenancy.ProjectId;
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
   * @return the stored policy with its version
   */
  Future<GuardrailPolicy> replace(TenantId tenant, ProjectId project, GuardrailPolicy policy);
}
