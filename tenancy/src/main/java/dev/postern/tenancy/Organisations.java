package dev.postern.tenancy;

import io.vertx.core.Future;

/** The tenants of this installation. No tenant can list or name another. */
public interface Organisations {

  /** Adds a tenant: an act of the operator. */
  Future<Organisation> create(String name);

  Future<Organisation> get(TenantId tenant);

  /** Fails with {@link TenancyFailure.OperatorOnly} unless the tenant runs the installation. */
  Future<Void> requireOperator(TenantId tenant);
}
