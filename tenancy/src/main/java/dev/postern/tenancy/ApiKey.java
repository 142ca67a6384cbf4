package dev.postern.tenancy;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What is kept of a key: all but the secret.
 *
 * @param project null for an admin key
 * @param serviceAccount the account that it belongs to; null for other keys
 * @param createdBy the user who made it; null when a key or the installation did
 * @param redacted the secret's prefix and last characters, to tell keys apart
 * @param lastUsedAt to about half a minute
 */
public record ApiKey(
    UUID id,
    Kind kind,
    @Nullable ProjectId project,
    @Nullable UUID serviceAccount,
    @Nullable UUID createdBy,
    String name,
    String redacted,
    Instant createdAt,
    @Nullable Instant lastUsedAt,
    @Nullable Instant expiresAt,
    @Nullable Instant revokedAt) {

  /** What the key opens; told by its prefix. */
  public enum Kind {
    PROJECT("sk-proj-"),
    SERVICE_ACCOUNT("sk-svcacct-"),
    ADMIN("sk-admin-");

    private final String prefix;

    Kind(String prefix) {
      this.prefix = prefix;
    }

    public String prefix() {
      return prefix;
    }
  }
}
