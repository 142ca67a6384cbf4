package dev.postern.tenancy;

import io.vertx.core.Future;
import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * API keys: made, shown once, proven, revoked. Kept as keyed hashes; a revoked key is dead on every
 * gateway within a second.
 */
public interface ApiKeys {

  /**
   * The owner of a key that is in memory and good at this moment; null when {@link #authenticate}
   * has to find out. Touches no I/O.
   */
  @Nullable Principal cached(String secret);

  /** The owner of the key; fails with {@link TenancyFailure.BadKey} whatever is wrong with it. */
  Future<Principal> authenticate(String secret);

  /**
   * Makes a key for a project.
   *
   * @param expiresAt null for never
   */
  Future<Issued> issueForProject(
      Principal actor, ProjectId project, String name, @Nullable Instant expiresAt);

  /** Makes a key for the organisation's administration. */
  Future<Issued> issueAdmin(Principal actor, String name, @Nullable Instant expiresAt);

  /** Keys of a project, those of its service accounts too; newest first, ended ones included. */
  Future<Page<ApiKey>> listOfProject(TenantId tenant, ProjectId project, PageRequest page);

  /** Admin keys; newest first, ended ones included. */
  Future<Page<ApiKey>> listAdmin(TenantId tenant, PageRequest page);

  /**
   * One key.
   *
   * @param project null for an admin key
   */
  Future<ApiKey> get(TenantId tenant, @Nullable ProjectId project, UUID id);

  /**
   * Ends a key. Again is no error.
   *
   * @param project null for an admin key
   */
  Future<ApiKey> revoke(Principal actor, @Nullable ProjectId project, UUID id);

  /** A new key; the secret is told this once and kept nowhere. */
  record Issued(ApiKey key, String secret) {
    /** Leaves the secret out. */
    @Override
    public String toString() {
      return "Issued[key=" + key + "]";
    }
  }
}
