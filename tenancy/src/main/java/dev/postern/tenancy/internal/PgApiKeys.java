package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.ApiKey;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Pepper;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** API keys in PostgreSQL: made, listed, revoked. {@link PgKeyProof} proves them. */
public final class PgApiKeys implements ApiKeys {
  private static final String INSERT =
      """
      INSERT INTO api_keys (id, tenant_id, kind, project_id, service_account_id, created_by, name,
        hash, suffix, created_at, expires_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
      """;

  private static final String SELECT =
      """
      SELECT id, kind, project_id, service_account_id, created_by, name, hash, suffix, created_at,
        last_used_at, expires_at, revoked_at
      FROM api_keys
      """;

  private static final String GET = SELECT + "WHERE id = $1 AND project_id IS NOT DISTINCT FROM $2";

  private static final String CURSOR = "SELECT FROM api_keys WHERE id = $1";

  private static final String LIST =
      SELECT
          + """
          WHERE ($1::uuid IS NULL OR id < $1) AND project_id IS NOT DISTINCT FROM $3
          ORDER BY id DESC LIMIT $2
          """;

  private static final String REVOKE = "UPDATE api_keys SET revoked_at = $2 WHERE id = $1";

  private final Plumbing plumbing;
  private final Pepper pepper;
  private final PgKeyProof proof;
  private final KeyCache cache;
  private final SecureRandom random = new SecureRandom();

  public PgApiKeys(Plumbing plumbing, Pepper pepper, PgKeyProof proof, KeyCache cache) {
    this.plumbing = plumbing;
    this.pepper = pepper;
    this.proof = proof;
    this.cache = cache;
  }

  @Override
  public @Nullable Principal cached(String secret) {
    return proof.cached(secret);
  }

  @Override
  public Future<Principal> authenticate(String secret) {
    return proof.authenticate(secret);
  }

  @Override
  public Future<Issued> issueForProject(
      Principal actor, ProjectId project, String name, @Nullable Instant expiresAt) {
    var draft = new Draft(ApiKey.Kind.PROJECT, project, null, name, expiresAt);
    return inTenant(
        actor,
        connection ->
            PgProjects.requireActive(connection, project)
                .compose(active -> issue(connection, actor.tenant(), Actor.of(actor), draft)));
  }

  @Override
  public Future<Issued> issueAdmin(Principal actor, String name, @Nullable Instant expiresAt) {
    var draft = new Draft(ApiKey.Kind.ADMIN, null, null, name, expiresAt);
    return inTenant(actor, connection -> issue(connection, actor.tenant(), Actor.of(actor), draft));
  }

  /** Makes a key in the tenant's transaction. */
  Future<Issued> issue(SqlConnection connection, TenantId tenant, Actor actor, Draft draft) {
    var now = plumbing.now();
    var expiresAt = draft.expiresAt();
    if (expiresAt != null && !expiresAt.isAfter(now)) {
      throw Names.invalid("expires_at", "a key must end in the future");
    }
    var secret = KeySecret.generate(draft.kind(), random);
    var suffix = KeySecret.suffix(secret);
    var key =
        new ApiKey(
            plumbing.ids().next(),
            draft.kind(),
            draft.project(),
            draft.serviceAccount(),
            actor.type() == Actor.Type.SESSION ? actor.id() : null,
            Names.require("name", draft.name()),
            KeySecret.redacted(draft.kind(), suffix),
            now,
            null,
            expiresAt,
            null);
    var arguments =
        Tuple.of(key.id(), tenant.value(), Columns.word(key.kind()))
            .addUUID(idOf(key.project()))
            .addUUID(key.serviceAccount())
            .addUUID(key.createdBy())
            .addString(key.name())
            .addBuffer(Buffer.buffer(pepper.hash(secret.getBytes(StandardCharsets.UTF_8))))
            .addString(suffix)
            .addOffsetDateTime(Columns.timestamp(now))
            .addOffsetDateTime(Columns.timestampOrNull(expiresAt));
    return connection
        .preparedQuery(INSERT)
        .execute(arguments)
        .compose(inserted ->
            audit(
                connection,
                actor,
                "api_key.created",
                key,
                new JsonObject()
                    .put(
                        "data",
                        new JsonObject()
                            .put("name", key.name())
                            .put("kind", Columns.word(key.kind())))))
        .map(new Issued(key, secret));
  }

  @Override
  public Future<Page<ApiKey>> listOfProject(TenantId tenant, ProjectId project, PageRequest page) {
    return plumbing
        .db()
        .inTenant(
            tenant,
            connection ->
                PgProjects.require(connection, project)
                    .compose(found -> list(connection, project, page)));
  }

  @Override
  public Future<Page<ApiKey>> listAdmin(TenantId tenant, PageRequest page) {
    return plumbing.db().inTenant(tenant, connection -> list(connection, null, page));
  }

  private static Future<Page<ApiKey>> list(
      SqlConnection connection, @Nullable ProjectId project, PageRequest page) {
    return Keyset.page(
        connection,
        WireId.API_KEY,
        CURSOR,
        LIST,
        page,
        Tuple.tuple().addUUID(idOf(project)),
        PgApiKeys::key);
  }

  @Override
  public Future<ApiKey> get(TenantId tenant, @Nullable ProjectId project, UUID id) {
    return plumbing
        .db()
        .inTenant(tenant, connection -> find(connection, GET, project, id).map(PgApiKeys::key));
  }

  @Override
  public Future<ApiKey> revoke(Principal actor, @Nullable ProjectId project, UUID id) {
    return plumbing
        .db()
        .inTenant(
            actor.tenant(),
            connection ->
                find(connection, GET + " FOR UPDATE", project, id)
                    .compose(found -> revoke(connection, actor, found)))
        .map(revoked -> {
          // The feed says so as well; this gateway need not wait for it.
          cache.drop(revoked.digest());
          return revoked.key();
        });
  }

  private Future<Revoked> revoke(SqlConnection connection, Principal actor, Row found) {
    var digest = KeyDigest.of(found.getBuffer("hash").getBytes());
    var key = key(found);
    if (key.revokedAt() != null) {
      return Future.succeededFuture(new Revoked(key, digest));
    }
    var now = plumbing.now();
    return connection
        .preparedQuery(REVOKE)
        .execute(Tuple.of(key.id(), Columns.timestamp(now)))
        .compose(
            done -> audit(connection, Actor.of(actor), "api_key.deleted", key, new JsonObject()))
        .compose(done -> find(connection, GET, key.project(), key.id()))
        .map(row -> new Revoked(key(row), digest));
  }

  private static Future<Row> find(
      SqlConnection connection, String sql, @Nullable ProjectId project, UUID id) {
    return connection
        .preparedQuery(sql)
        .execute(Tuple.of(id).addUUID(idOf(project)))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.API_KEY.notFound(id));
          }
          return rows.iterator().next();
        });
  }

  private <T> Future<T> inTenant(Principal actor, Function<SqlConnection, Future<T>> work) {
    return plumbing.db().inTenant(actor.tenant(), work);
  }

  private Future<Void> audit(
      SqlConnection connection, Actor actor, String type, ApiKey key, JsonObject detail) {
    var resource = WireId.API_KEY.format(key.id());
    return plumbing
        .audit()
        .append(
            connection,
            new AuditLog.Change(actor, type, key.project(), resource, detail.put("id", resource)));
  }

  private static @Nullable UUID idOf(@Nullable ProjectId project) {
    return project == null ? null : project.value();
  }

  private static ApiKey key(Row row) {
    var kind = Columns.constant(ApiKey.Kind.class, row.getString("kind"));
    var project = row.getUUID("project_id");
    return new ApiKey(
        row.getUUID("id"),
        kind,
        project == null ? null : new ProjectId(project),
        row.getUUID("service_account_id"),
        row.getUUID("created_by"),
        row.getString("name"),
        KeySecret.redacted(kind, row.getString("suffix")),
        Columns.instant(row, "created_at"),
        Columns.instantOrNull(row, "last_used_at"),
        Columns.instantOrNull(row, "expires_at"),
        Columns.instantOrNull(row, "revoked_at"));
  }

  /** A key to be made. */
  record Draft(
      ApiKey.Kind kind,
      @Nullable ProjectId project,
      @Nullable UUID serviceAccount,
      String name,
      @Nullable Instant expiresAt) {}

  private record Revoked(ApiKey key, KeyDigest digest) {}
}
