package dev.postern.gateway.admin;

import dev.postern.gateway.http.RouteGroup;
import dev.postern.gateway.inspect.DetectorCatalog;
import java.time.InstantSource;
import java.util.List;

/** The groups of administration routes. */
public final class AdminRoutes {
  private AdminRoutes() {}

  /**
   * @param secureCookies whether browsers reach this server by TLS alone, so that the session's
   *     cookie may say so
   */
  public static List<RouteGroup> groups(
      AdminStores stores, DetectorCatalog detectors, InstantSource clock, boolean secureCookies) {
    return List.of(
        new SessionRoutes(stores.sessions(), clock, secureCookies),
        new OrganisationRoutes(stores.bootstrap()),
        new ProjectRoutes(stores.projects()),
        new ApiKeyRoutes(stores, clock),
        new AdminKeyRoutes(stores, clock),
        new ServiceAccountRoutes(stores.serviceAccounts()),
        new UserRoutes(stores.users(), stores.projects()),
        new LimitRoutes(stores),
        new UsageRoutes(stores.reports(), clock),
        new CostRoutes(stores.reports(), clock),
        new AuditLogRoutes(stores.auditLog()),
        new OverviewRoutes(stores.reports(), stores.projects(), clock),
        new RequestRoutes(stores.requests(), stores.projects()),
        new SecurityEventRoutes(stores.securityEvents(), stores.projects()),
        new GuardrailPolicyRoutes(stores.policies(), stores.projects(), detectors),
        new PriceRoutes(stores),
        new ExportRoutes(stores.exports(), stores.projects(), clock),
        new InvoiceRoutes(stores.invoices()));
  }
}
