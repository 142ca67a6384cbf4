package dev.postern.gateway.pipeline;

import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenantId;

/** Who makes an inference call, and the project that it is admitted and billed under. */
public record Caller(Principal principal, ProjectId project) {
  public TenantId tenant() {
    return principal.tenant();
  }
}
