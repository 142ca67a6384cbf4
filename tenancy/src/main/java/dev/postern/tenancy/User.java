package dev.postern.tenancy;

import java.time.Instant;
import java.util.UUID;

/** A person who signs in to the console. */
public record User(
    UUID id, TenantId tenant, String email, String name, Role role, Instant createdAt) {
  /** What the user may do in the organisation. */
  public enum Role {
    OWNER,
    MEMBER
  }
}
