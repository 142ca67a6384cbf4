package dev.postern.tenancy;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A project.
 *
 * @param archivedAt null while it is active; nothing brings it back after that
 */
public record Project(
    TenantId tenant, ProjectId id, String name, Instant createdAt, @Nullable Instant archivedAt) {
  public boolean active() {
    return archivedAt == null;
  }
}
