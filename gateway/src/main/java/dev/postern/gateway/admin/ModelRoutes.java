package dev.postern.gateway.admin;

import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Organisations;
import java.util.List;

/** The groups of routes about models and the work on them. */
public final class ModelRoutes {
  private ModelRoutes() {}

  public static List<RouteGroup> groups(
      InstalledModels models, ModelJobs jobs, Organisations organisations, AuditLog auditLog) {
    var acts = new OperatorActs(organisations, auditLog);
    return List.of(new InstalledModelRoutes(models, acts), new ModelJobRoutes(models, jobs, acts));
  }
}
