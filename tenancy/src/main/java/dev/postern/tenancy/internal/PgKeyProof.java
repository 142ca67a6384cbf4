package dev.postern.tenancy.internal;

import dev.postern.tenancy.Pepper;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.time.OffsetDateTime;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Proves API keys, from memory where that is certain and from PostgreSQL otherwise. */
public final class PgKeyProof {
  private static final String BY_HASH =
      "SELECT id, tenant_id, project_id, name, expires_at FROM door.key_by_hash($1)";

  private static final String TOUCH = "SELECT door.touch_keys($1, $2)";

  private static final long REPORT_MILLIS = 30_000;
  private static final long LOOKUP_SECONDS = 3;

  /** More lookups at a time than this are junk or an outage: refusing beats queueing. */
  private static final int MAX_LOOKUPS = 500;

  private final Plumbing plumbing;
  private final Pepper pepper;
  private final KeyCache cache;
  private final ConcurrentMap<KeyDigest, Future<Principal>> lookups = new ConcurrentHashMap<>();
  private final long timer;

  public PgKeyProof(Plumbing plumbing, Pepper pepper, KeyCache cache) {
    this.plumbing = plumbing;
    this.pepper = pepper;
    this.cache = cache;
    this.timer = plumbing.vertx().setPeriodic(REPORT_MILLIS, due -> reportUses());
  }

  @Nullable Principal cached(String secret) {
    return KeySecret.isPlausible(secret) ? cache.find(digest(secret)) : null;
  }

  Future<Principal> authenticate(String secret) {
    if (!KeySecret.isPlausible(secret)) {
      return refused();
    }
    var digest = digest(secret);
    var known = cache.find(digest);
    if (known != null) {
      return Future.succeededFuture(known);
    }
    if (cache.isUnknown(digest)) {
      return refused();
    }
    if (lookups.size() >= MAX_LOOKUPS) {
      return Future.failedFuture(new TenancyException(new TenancyFailure.StoreUnavailable()));
    }
    // Calls with the same cold key share one lookup.
    var promise = Promise.<Principal>promise();
    var running = lookups.putIfAbsent(digest, promise.future());
    if (running != null) {
      return running;
    }
    lookUp(digest)
        .onComplete(answer -> {
          lookups.remove(digest);
          promise.handle(answer);
        });
    return promise.future();
  }

  private Future<Principal> lookUp(KeyDigest digest) {
    var reading = cache.begin();
    return plumbing
        .db()
        .asSystem(connection -> select(connection, digest))
        .timeout(LOOKUP_SECONDS, TimeUnit.SECONDS)
        .transform((row, failure) ->
            failure == null
                ? judge(reading, digest, row)
                : withoutStore(digest, Outage.translate(failure)));
  }

  private static Future<@Nullable Row> select(SqlConnection connection, KeyDigest digest) {
    return connection
        .preparedQuery(BY_HASH)
        .execute(Tuple.of(Buffer.buffer(digest.bytes())))
        .map(rows -> rows.size() == 0 ? null : rows.iterator().next());
  }

  private Future<Principal> judge(KeyCache.Reading reading, KeyDigest digest, @Nullable Row row) {
    if (row == null) {
      cache.keepUnknown(digest);
      return refused();
    }
    var expiresAt = Columns.instantOrNull(row, "expires_at");
    if (expiresAt != null && !plumbing.now().isBefore(expiresAt)) {
      cache.keepUnknown(digest);
      return refused();
    }
    var principal = principal(row);
    cache.keep(reading, digest, principal, expiresAt);
    return Future.succeededFuture(principal);
  }

  private Future<Principal> withoutStore(KeyDigest digest, Throwable failure) {
    var lastKnown =
        failure instanceof TenancyException refusal
                && refusal.failure() instanceof TenancyFailure.StoreUnavailable
            ? cache.findInOutage(digest)
            : null;
    return lastKnown != null ? Future.succeededFuture(lastKnown) : Future.failedFuture(failure);
  }

  private static Principal principal(Row row) {
    var project = row.getUUID("project_id");
    return new Principal(
        project == null ? Principal.Kind.ADMIN_KEY : Principal.Kind.PROJECT_KEY,
        new TenantId(row.getUUID("tenant_id")),
        project == null ? null : new ProjectId(project),
        row.getUUID("id"),
        row.getString("name"));
  }

  /** Writes down when keys were last used. What fails is tried again with the next report. */
  Future<Void> reportUses() {
    var uses = cache.unreportedUses();
    if (uses.isEmpty()) {
      return Future.succeededFuture();
    }
    var keys = uses.stream().map(KeyCache.Use::key).toArray(UUID[]::new);
    var times =
        uses.stream().map(use -> Columns.timestamp(use.at())).toArray(OffsetDateTime[]::new);
    return plumbing
        .db()
        .asSystem(connection ->
            connection
                .preparedQuery(TOUCH)
                .execute(Tuple.tuple().addArrayOfUUID(keys).addArrayOfOffsetDateTime(times)))
        .onSuccess(done -> uses.forEach(KeyCache.Use::reported))
        .mapEmpty();
  }

  public Future<Void> close() {
    plumbing.vertx().cancelTimer(timer);
    return reportUses();
  }

  private KeyDigest digest(String secret) {
    return KeyDigest.of(pepper.hash(secret.getBytes(StandardCharsets.UTF_8)));
  }

  private static <T> Future<T> refused() {
    return Future.failedFuture(new TenancyException(new TenancyFailure.BadKey()));
  }
}
