package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.TenantId;
import dev.postern.tenancy.User;
import dev.postern.tenancy.Users;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;
import java.util.regex.Pattern;

/** Users in PostgreSQL. */
public final class PgUsers implements Users {
  private static final String INSERT =
      """
      INSERT INTO users (id, tenant_id, email, name, role, password_hash, created_at)
      VALUES ($1, $2, $3, $4, $5, $6, $7)
      """;

  private static final String GET =
      "SELECT id, tenant_id, email, name, role, created_at FROM users WHERE id = $1";

  private static final String CURSOR = "SELECT FROM users WHERE id = $1";

  private static final String LIST =
      """
      SELECT id, tenant_id, email, name, role, created_at FROM users
      WHERE $1::uuid IS NULL OR id < $1
      ORDER BY id DESC LIMIT $2
      """;

  private static final String UNIQUE_VIOLATION = "23505";

  /** Something, an at, something: whether mail arrives there no pattern can tell. */
  private static final Pattern EMAIL = Pattern.compile("[^\\s@\\p{Cntrl}]+@[^\\s@\\p{Cntrl}]+");

  private static final int MAX_EMAIL = 320;

  private final Plumbing plumbing;
  private final Passwords passwords;

  public PgUsers(Plumbing plumbing, Passwords passwords) {
    this.plumbing = plumbing;
    this.passwords = passwords;
  }

  @Override
  public Future<User> add(
      Principal actor, String email, String name, User.Role role, String password) {
    return Checked.run(() -> {
      var user = draft(actor.tenant(), email, name, role);
      return passwords
          .hash(password)
          .compose(hash ->
              plumbing
                  .db()
                  .inTenant(
                      actor.tenant(),
                      connection -> insert(connection, Actor.of(actor), user, hash)))
          .recover(PgUsers::emailTaken)
          .map(user);
    });
  }

  /** A new user, not stored yet. */
  User draft(TenantId tenant, String email, String name, User.Role role) {
    var address = email.strip();
    if (address.length() > MAX_EMAIL || !EMAIL.matcher(address).matches()) {
      throw Names.invalid("email", "this is no e-mail address");
    }
    return new User(
        plumbing.ids().next(), tenant, address, Names.require("name", name), role, plumbing.now());
  }

  /** Stores the user in the tenant's transaction. */
  Future<Void> insert(SqlConnection connection, Actor actor, User user, String passwordHash) {
    var resource = WireId.USER.format(user.id());
    return connection
        .preparedQuery(INSERT)
        .execute(
            Tuple.of(user.id(), user.tenant().value(), user.email(), user.name())
                .addString(Columns.word(user.role()))
                .addString(passwordHash)
                .addOffsetDateTime(Columns.timestamp(user.createdAt())))
        .compose(inserted ->
            plumbing
                .audit()
                .append(
                    connection,
                    new AuditLog.Change(
                        actor,
                        "user.added",
                        null,
                        resource,
                        new JsonObject()
                            .put("id", resource)
                            .put(
                                "data", new JsonObject().put("role", Columns.word(user.role()))))));
  }

  @Override
  public Future<Page<User>> list(TenantId tenant, PageRequest page) {
    return plumbing
        .db()
        .inTenant(
            tenant,
            connection ->
                Keyset.page(
                    connection, WireId.USER, CURSOR, LIST, page, Tuple.tuple(), PgUsers::user));
  }

  @Override
  public Future<User> get(TenantId tenant, UUID id) {
    return plumbing
        .db()
        .inTenant(tenant, connection -> connection.preparedQuery(GET).execute(Tuple.of(id)))
        .map(rows -> {
          if (rows.size() == 0) {
            throw new TenancyException(WireId.USER.notFound(id));
          }
          return user(rows.iterator().next());
        });
  }

  static User user(Row row) {
    return new User(
        row.getUUID("id"),
        new TenantId(row.getUUID("tenant_id")),
        row.getString("email"),
        row.getString("name"),
        Columns.constant(User.Role.class, row.getString("role")),
        Columns.instant(row, "created_at"));
  }

  static <T> Future<T> emailTaken(Throwable cause) {
    return Future.failedFuture(
        cause instanceof PgException failure && UNIQUE_VIOLATION.equals(failure.getSqlState())
            ? new TenancyException(new TenancyFailure.Conflict("the e-mail address is taken"))
            : cause);
  }
}
