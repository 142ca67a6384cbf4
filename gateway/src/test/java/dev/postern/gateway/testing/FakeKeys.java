package dev.postern.gateway.testing;

import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Proves the keys it was told of; only that part of the interface is used by the pipeline. */
public final class FakeKeys implements ApiKeys {
  private final Map<String, Principal> known = new ConcurrentHashMap<>();

  public FakeKeys add(String secret, Principal principal) {
    known.put(secret, principal);
    return this;
  }

  public void revoke(String secret) {
    known.remove(secret);
  }

  @Override
  public @Nullable Principal cached(String secret) {
    return known.get(secret);
  }

  @Override
  public Future<Principal> authenticate(String secret) {
    return Future.failedFuture(new TenancyException(new TenancyFailure.BadKey()));
  }

  @Override
  public Future<Issued> issueForProject(
      Principal actor, ProjectId project, String name, @Nullable Instant expiresAt) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Future<Issued> issueAdmin(Principal actor, String name, @Nullable Instant expiresAt) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Future<Page<ApiKey>> listOfProject(TenantId tenant, ProjectId project, PageRequest page) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Future<Page<ApiKey>> listAdmin(TenantId tenant, PageRequest page) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Future<ApiKey> get(TenantId tenant, @Nullable ProjectId project, UUID id) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Future<ApiKey> revoke(Principal actor, @Nullable ProjectId project, UUID id) {
    throw new UnsupportedOperationException();
  }
}
