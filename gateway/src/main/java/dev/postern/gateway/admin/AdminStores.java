package dev.postern.gateway.admin;

import dev.postern.registry.Policies;
import dev.postern.registry.Routes;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Bootstrap;
import dev.postern.tenancy.Exports;
import dev.postern.tenancy.Invoices;
import dev.postern.tenancy.Limits;
import dev.postern.tenancy.Organisations;
import dev.postern.tenancy.Prices;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.Requests;
import dev.postern.tenancy.SecurityEvents;
import dev.postern.tenancy.ServiceAccounts;
import dev.postern.tenancy.Sessions;
import dev.postern.tenancy.Tenancy;
import dev.postern.tenancy.UsageReports;
import dev.postern.tenancy.Users;

/** Everything that the administration's routes read and change. */
public record AdminStores(
    Organisations organisations,
    Bootstrap bootstrap,
    Projects projects,
    ApiKeys keys,
    ServiceAccounts serviceAccounts,
    Users users,
    Sessions sessions,
    AuditLog auditLog,
    Limits limits,
    Prices prices,
    UsageReports reports,
    Requests requests,
    Exports exports,
    Invoices invoices,
    SecurityEvents securityEvents,
    Policies policies,
    Routes routes) {

  public static AdminStores of(Tenancy tenancy, Policies policies, Routes routes) {
    return new AdminStores(
        tenancy.organisations(),
        tenancy.bootstrap(),
        tenancy.projects(),
        tenancy.apiKeys(),
        tenancy.serviceAccounts(),
        tenancy.users(),
        tenancy.sessions(),
        tenancy.auditLog(),
        tenancy.limits(),
        tenancy.prices(),
        tenancy.usageReports(),
        tenancy.requests(),
        tenancy.exports(),
        tenancy.invoices(),
        tenancy.securityEvents(),
        policies,
        routes);
  }
}
