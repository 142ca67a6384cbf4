package dev.postern.registry.internal;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.postern.registry.GuardrailPolicy;
import dev.postern.registry.Policies;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.ChangeFeed;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Policies in PostgreSQL, and in memory as long as no change can have been missed for a second.
 * While PostgreSQL is away the last known one stays in force.
 */
public final class PgPolicies implements Policies {
  private static final String IN_FORCE =
      """
      SELECT version, actions, block_list FROM guardrail_policies
      WHERE project_id = $1 ORDER BY version DESC LIMIT 1
      """;

  private static final String LOCK =
      "SELECT pg_advisory_xact_lock(hashtextextended('postern.policy.' || $1::uuid, 0))";

  private static final String INSERT =
      """
      INSERT INTO guardrail_policies (tenant_id, project_id, version, actions, block_list, created_at)
      SELECT $1, $2, coalesce(max(version), 0) + 1, $3, $4, $5
      FROM guardrail_policies WHERE project_id = $2
      RETURNING version, actions, block_list
      """;

  private static final String TOPIC = "policies";
  private static final String FOREIGN_KEY_VIOLATION = "23503";
  private static final Duration BELIEVED = Duration.ofMillis(900);
  private static final long READING_SECONDS = 3;
  private static final int MAX_PROJECTS = 20_000;
  private static final int MAX_DETECTORS = 100;
  private static final int MAX_BLOCKED = 1_000;
  private static final int MAX_BLOCKED_LENGTH = 200;
  private static final Pattern DETECTOR = Pattern.compile("[a-z]+\\.[a-z_]{1,40}");

  private final PgStore store;
  private final AuditLog audit;
  private final ChangeFeed feed;
  private final Ticker ticker;
  private final Cache<Scope, Known> known = Caffeine.newBuilder().maximumSize(MAX_PROJECTS).build();
  private final ConcurrentMap<Scope, Future<GuardrailPolicy>> readings = new ConcurrentHashMap<>();

  /** Counts what was put in doubt, so that an answer that was on its way meanwhile is too. */
  private final AtomicLong doubts = new AtomicLong();

  PgPolicies(PgStore store, AuditLog audit, ChangeFeed feed, Ticker ticker) {
    this.store = store;
    this.audit = audit;
    this.feed = feed;
    this.ticker = ticker;
    feed.subscribe(TOPIC, scope -> doubt(Scope.parse(scope)), this::doubtAll);
  }

  @Override
  public Future<GuardrailPolicy> effective(TenantId tenant, ProjectId project) {
    var scope = new Scope(tenant, project);
    var entry = known.getIfPresent(scope);
    if (entry != null && isBelieved(entry)) {
      return Future.succeededFuture(entry.policy());
    }
    // Calls for the same project share one reading.
    var promise = Promise.<GuardrailPolicy>promise();
    var running = readings.putIfAbsent(scope, promise.future());
    if (running != null) {
      return running;
    }
    read(scope)
        .onComplete(answer -> {
          readings.remove(scope);
          promise.handle(answer);
        });
    return promise.future();
  }

  private boolean isBelieved(Known entry) {
    return !entry.doubted()
        && (feed.confirmedWithin(BELIEVED) || ticker.read() - entry.readAt() <= BELIEVED.toNanos());
  }

  private Future<GuardrailPolicy> read(Scope scope) {
    var doubtsBefore = doubts.get();
    var readAt = ticker.read();
    return store
        .transaction(
            scope.tenant(),
            connection ->
                connection
                    .preparedQuery(IN_FORCE)
                    .execute(Tuple.of(scope.project().value()))
                    .map(rows ->
                        rows.size() == 0
                            ? GuardrailPolicy.SHIPPED
                            : policy(rows.iterator().next())))
        .timeout(READING_SECONDS, TimeUnit.SECONDS)
        .map(policy -> {
          known.put(scope, new Known(policy, readAt, false));
          // Looked at after the entry is in: whoever doubts later finds it there.
          if (doubts.get() != doubtsBefore) {
            doubt(scope);
          }
          return policy;
        })
        .recover(cause -> lastKnown(scope, cause));
  }

  private Future<GuardrailPolicy> lastKnown(Scope scope, Throwable cause) {
    var entry = known.getIfPresent(scope);
    var outage = cause instanceof TimeoutException || PgStore.isOutage(cause);
    if (entry != null && outage) {
      return Future.succeededFuture(entry.policy());
    }
    return Future.failedFuture(
        outage ? new RegistryException(new RegistryFailure.StoreUnavailable()) : cause);
  }

  /** Keeps it as the last known, but asks before it is used again. */
  private void doubt(Scope scope) {
    doubts.incrementAndGet();
    known.asMap().computeIfPresent(scope, (key, entry) -> entry.inDoubt());
  }

  private void doubtAll() {
    doubts.incrementAndGet();
    known.asMap().replaceAll((scope, entry) -> entry.inDoubt());
  }

  @Override
  public Future<GuardrailPolicy> replace(
      TenantId tenant, ProjectId project, GuardrailPolicy policy) {
    return replace(tenant, Actor.SYSTEM, project, policy);
  }

  @Override
  public Future<GuardrailPolicy> replace(
      Principal actor, ProjectId project, GuardrailPolicy policy) {
    return replace(actor.tenant(), Actor.of(actor), project, policy);
  }

  private Future<GuardrailPolicy> replace(
      TenantId tenant, Actor actor, ProjectId project, GuardrailPolicy policy) {
    var broken = brokenRule(policy);
    if (broken != null) {
      return Future.failedFuture(new RegistryException(broken));
    }
    return store
        .transaction(
            tenant,
            connection ->
                insert(connection, tenant, project, policy)
                    .compose(stored -> record(connection, actor, project, stored).map(stored)))
        .onSuccess(stored -> doubt(new Scope(tenant, project)))
        .recover(cause -> Future.failedFuture(unknownProject(cause, project)));
  }

  private Future<GuardrailPolicy> insert(
      SqlConnection connection, TenantId tenant, ProjectId project, GuardrailPolicy policy) {
    var actions = new JsonObject();
    policy.actions().forEach((detector, action) -> actions.put(detector, word(action)));
    return connection
        .preparedQuery(LOCK)
        .execute(Tuple.of(project.value()))
        .compose(locked ->
            connection
                .preparedQuery(INSERT)
                .execute(
                    Tuple.of(tenant.value(), project.value(), actions)
                        .addArrayOfString(policy.blockList().toArray(String[]::new))
                        .addOffsetDateTime(PgStore.timestamp(store.now()))))
        .map(rows -> policy(rows.iterator().next()));
  }

  /** The words of a block list are the tenant's secret: only their number is recorded. */
  private Future<Void> record(
      SqlConnection connection, Actor actor, ProjectId project, GuardrailPolicy stored) {
    var resource = WireId.PROJECT.format(project.value());
    var detectors = new JsonObject();
    stored.actions().forEach((detector, action) -> detectors.put(detector, word(action)));
    return audit.append(
        connection,
        new AuditLog.Change(
            actor,
            "guardrail_policy.updated",
            project,
            resource,
            new JsonObject()
                .put("id", resource)
                .put("version", stored.version())
                .put("detectors", detectors)
                .put("block_list_size", stored.blockList().size())));
  }

  private static RegistryFailure.@Nullable Invalid brokenRule(GuardrailPolicy policy) {
    if (policy.actions().size() > MAX_DETECTORS
        || !policy.actions().keySet().stream().allMatch(DETECTOR.asMatchPredicate())) {
      return new RegistryFailure.Invalid("detectors", "a detector's name is like pii.email");
    }
    if (policy.blockList().size() > MAX_BLOCKED) {
      return new RegistryFailure.Invalid(
          "block_list", "a block list has at most " + MAX_BLOCKED + " entries");
    }
    for (var entry : policy.blockList()) {
      if (entry.isBlank()
          || entry.length() > MAX_BLOCKED_LENGTH
          || entry.chars().anyMatch(Character::isISOControl)) {
        return new RegistryFailure.Invalid(
            "block_list",
            "an entry has 1 to " + MAX_BLOCKED_LENGTH + " characters and no control characters");
      }
    }
    return null;
  }

  private static Throwable unknownProject(Throwable cause, ProjectId project) {
    return cause instanceof PgException failure
            && FOREIGN_KEY_VIOLATION.equals(failure.getSqlState())
        ? new TenancyException(WireId.PROJECT.notFound(project.value()))
        : cause;
  }

  private static GuardrailPolicy policy(Row row) {
    var actions = new HashMap<String, GuardrailPolicy.Action>();
    for (var entry : row.get(JsonObject.class, "actions")) {
      actions.put(
          entry.getKey(),
          GuardrailPolicy.Action.valueOf(entry.getValue().toString().toUpperCase(Locale.ROOT)));
    }
    return new GuardrailPolicy(
        row.getLong("version"), actions, List.of(row.getArrayOfStrings("block_list")));
  }

  private static String word(GuardrailPolicy.Action action) {
    return action.name().toLowerCase(Locale.ROOT);
  }

  private record Scope(TenantId tenant, ProjectId project) {
    /** As the trigger writes it. */
    static Scope parse(String text) {
      var slash = text.indexOf('/');
      return new Scope(
          new TenantId(UUID.fromString(text.substring(0, slash))),
          new ProjectId(UUID.fromString(text.substring(slash + 1))));
    }
  }

  /**
   * A policy in memory.
   *
   * @param readAt in the ticker's nanoseconds
   */
  private record Known(GuardrailPolicy policy, long readAt, boolean doubted) {
    Known inDoubt() {
      return new Known(policy, readAt, true);
    }
  }
}
