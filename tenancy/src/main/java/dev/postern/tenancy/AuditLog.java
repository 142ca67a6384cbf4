package dev.postern.tenancy;

import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.SqlConnection;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who changed what, append-only, never with a secret in it. Each tenant's entries are chained by
 * their hashes, so an entry that was changed or removed behind our back shows.
 */
public interface AuditLog {

  /**
   * Appends in the transaction of the change, which is that of {@link TenantDb#inTenant}: both are
   * stored or neither is.
   */
  Future<Void> append(SqlConnection connection, Change change);

  /** Appends in a transaction of its own, for changes that PostgreSQL does not hold. */
  Future<Void> record(TenantId tenant, Change change);

  /** Newest first. */
  Future<Page<Entry>> list(TenantId tenant, Filter filter, PageRequest page);

  /**
   * Checks the whole chain.
   *
   * @return the number of the first entry that is not as it was written or that is missing; empty
   *     when the log is whole
   */
  Future<OptionalLong> firstBroken(TenantId tenant);

  /**
   * A change to record.
   *
   * @param type such as {@code api_key.created}; the words of the OpenAI audit log where it has one
   * @param project the project that the change belongs to; null for the organisation itself
   * @param resource the changed object's id as clients see it
   * @param detail what was set, as the wire shows it under the type's name
   */
  record Change(
      Actor actor, String type, @Nullable ProjectId project, String resource, JsonObject detail) {}

  /**
   * A recorded change.
   *
   * @param number counts up from 1 within the tenant, without a gap
   */
  record Entry(UUID id, long number, Instant at, Change change) {}

  /** Keeps entries that match every part; an empty list matches all. The ends are inclusive. */
  record Filter(
      @Nullable Instant from,
      @Nullable Instant to,
      List<ProjectId> projects,
      List<String> types,
      List<UUID> actors,
      List<String> resources,
      @Nullable UUID before) {
    public static final Filter ALL =
        new Filter(null, null, List.of(), List.of(), List.of(), List.of(), null);

    public Filter {
      projects = List.copyOf(projects);
      types = List.copyOf(types);
      actors = List.copyOf(actors);
      resources = List.copyOf(resources);
    }
  }
}
