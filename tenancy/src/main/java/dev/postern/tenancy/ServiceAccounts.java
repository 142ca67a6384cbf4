package dev.postern.tenancy;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.UUID;

/** Callers in a project that are programs: each has a key that ends with it. */
public interface ServiceAccounts {

  /** Adds an account and its first key. */
  Future<Created> create(Principal actor, ProjectId project, String name);

  /** Newest first. */
  Future<Page<ServiceAccount>> list(TenantId tenant, ProjectId project, PageRequest page);

  Future<ServiceAccount> get(TenantId tenant, ProjectId project, UUID id);

  /** Ends the account and its keys. */
  Future<Void> delete(Principal actor, ProjectId project, UUID id);

  /** An account. */
  record ServiceAccount(UUID id, ProjectId project, String name, Instant createdAt) {}

  /** An account with its key, whose secret is told this once. */
  record Created(ServiceAccount account, ApiKeys.Issued key) {}
}
