package dev.postern.tenancy.internal;

import dev.postern.tenancy.Actor;
import dev.postern.tenancy.AuditLog;
import dev.postern.tenancy.Organisation;
import dev.postern.tenancy.Pepper;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Sessions;
import dev.postern.tenancy.TenancyConfig;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.User;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.data.Interval;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Sessions in PostgreSQL, by the keyed hash of their token. */
public final class PgSessions implements Sessions {
  private static final String ADMIT = "SELECT door.admit_sign_in($1, $2, $3, $4)";

  private static final String FORGET = "SELECT door.forget_sign_in($1, $2)";

  private static final String USER_BY_EMAIL =
      """
      SELECT id, tenant_id, email, name, role, password_hash, created_at
      FROM door.user_by_email($1)
      """;

  private static final String BY_TOKEN = "SELECT * FROM door.session_by_token($1)";

  private static final String INSERT =
      """
      INSERT INTO sessions (token_hash, tenant_id, user_id, created_at, expires_at)
      VALUES ($1, $2, $3, $4, $5)
      """;

  private static final String DELETE_ENDED = "DELETE FROM sessions WHERE expires_at <= $1";

  private static final String EXTEND = "UPDATE sessions SET expires_at = $2 WHERE token_hash = $1";

  private static final String DELETE = "DELETE FROM sessions WHERE token_hash = $1";

  /** A session's end is written down no more often than this. */
  private static final Duration EXTENDED_EVERY = Duration.ofMinutes(1);

  private static final int MAX_EMAIL = 320;

  private final Plumbing plumbing;
  private final TenancyConfig.SignIn config;
  private final Pepper pepper;
  private final Passwords passwords;
  private final SecureRandom random = new SecureRandom();

  public PgSessions(
      Plumbing plumbing, TenancyConfig.SignIn config, Pepper pepper, Passwords passwords) {
    this.plumbing = plumbing;
    this.config = config;
    this.pepper = pepper;
    this.passwords = passwords;
  }

  @Override
  public Future<Opened> signIn(String email, String password, String address) {
    var name = email.strip().toLowerCase(Locale.ROOT);
    if (name.length() > MAX_EMAIL || name.chars().anyMatch(Character::isISOControl)) {
      return refused();
    }
    var attempt =
        new Attempt(
            plumbing.now(),
            new Buffer[] {
              subject("account", name + "\n" + address),
              subject("address", address),
              subject("email", name)
            });
    return admit(attempt)
        .compose(admitted -> find(name))
        .compose(user -> {
          if (user == null) {
            return passwords.matchesNobody(password).compose(never -> refused());
          }
          return passwords
              .matches(password, user.getString("password_hash"))
              .compose(right ->
                  right
                      ? open(attempt, PgUsers.user(user))
                      : recordFailure(PgUsers.user(user)).compose(done -> refused()));
        });
  }

  private Future<Void> admit(Attempt attempt) {
    var limits =
        new Integer[] {config.maxPerAccount(), config.maxPerAddress(), config.maxPerEmail()};
    return plumbing
        .db()
        .asSystem(connection ->
            connection
                .preparedQuery(ADMIT)
                .execute(
                    Tuple.of(attempt.subjects(), limits, Columns.timestamp(attempt.at()))
                        .addValue(Interval.of(config.window()))))
        .map(rows -> {
          var again = rows.iterator().next().getOffsetDateTime(0);
          if (again != null) {
            throw new TenancyException(
                new TenancyFailure.TooManyAttempts(
                    Duration.between(attempt.at(), again.toInstant())));
          }
          return null;
        });
  }

  private Future<@Nullable Row> find(String email) {
    return plumbing
        .db()
        .asSystem(connection -> connection.preparedQuery(USER_BY_EMAIL).execute(Tuple.of(email)))
        .map(rows -> rows.size() == 0 ? null : rows.iterator().next());
  }

  private Future<Opened> open(Attempt attempt, User user) {
    var token = KeySecret.randomText(random);
    var now = plumbing.now();
    return plumbing
        .db()
        .inTenant(
            user.tenant(),
            connection ->
                connection
                    .preparedQuery(DELETE_ENDED)
                    .execute(Tuple.of(Columns.timestamp(now)))
                    .compose(swept ->
                        connection
                            .preparedQuery(INSERT)
                            .execute(
                                Tuple.of(
                                    tokenHash(token),
                                    user.tenant().value(),
                                    user.id(),
                                    Columns.timestamp(now),
                                    Columns.timestamp(now.plus(config.sessionTtl())))))
                    .compose(inserted ->
                        connection
                            .preparedQuery(FORGET)
                            .execute(Tuple.of(attempt.subjects(), Columns.timestamp(attempt.at()))))
                    .compose(forgotten -> audit(connection, user, "login.succeeded"))
                    .compose(recorded ->
                        connection.preparedQuery(BY_TOKEN).execute(Tuple.of(tokenHash(token)))))
        .map(rows -> new Opened(token, session(token, rows.iterator().next())));
  }

  private Future<Void> recordFailure(User user) {
    return plumbing
        .db()
        .inTenant(user.tenant(), connection -> audit(connection, user, "login.failed"));
  }

  @Override
  public Future<Session> authenticate(String token) {
    if (!KeySecret.isRandomText(token, 0)) {
      return noSession();
    }
    return read(token)
        .compose(session -> {
          var now = plumbing.now();
          if (session == null || !now.isBefore(session.expiresAt())) {
            return noSession();
          }
          var end = now.plus(config.sessionTtl());
          return Duration.between(session.expiresAt(), end).compareTo(EXTENDED_EVERY) < 0
              ? Future.succeededFuture(session)
              : extend(token, session, end);
        });
  }

  private Future<@Nullable Session> read(String token) {
    return plumbing
        .db()
        .asSystem(
            connection -> connection.preparedQuery(BY_TOKEN).execute(Tuple.of(tokenHash(token))))
        .map(rows -> rows.size() == 0 ? null : session(token, rows.iterator().next()));
  }

  private Future<Session> extend(String token, Session session, Instant end) {
    return plumbing
        .db()
        .inTenant(
            session.principal().tenant(),
            connection ->
                connection
                    .preparedQuery(EXTEND)
                    .execute(Tuple.of(tokenHash(token), Columns.timestamp(end))))
        .map(
            new Session(
                session.principal(),
                session.user(),
                session.organisation(),
                session.csrfToken(),
                end));
  }

  @Override
  public Future<Void> signOut(String token) {
    if (!KeySecret.isRandomText(token, 0)) {
      return Future.succeededFuture();
    }
    return read(token)
        .compose(
            session -> session == null ? Future.succeededFuture() : delete(token, session.user()));
  }

  private Future<Void> delete(String token, User user) {
    return plumbing
        .db()
        .inTenant(
            user.tenant(),
            connection ->
                connection
                    .preparedQuery(DELETE)
                    .execute(Tuple.of(tokenHash(token)))
                    .compose(deleted -> audit(connection, user, "logout.succeeded")));
  }

  private Session session(String token, Row row) {
    var user = PgUsers.user(row);
    return new Session(
        new Principal(Principal.Kind.SESSION, user.tenant(), null, user.id(), user.email()),
        user,
        new Organisation(
            user.tenant(),
            row.getString("organisation_name"),
            Columns.instant(row, "organisation_created_at")),
        csrfToken(token),
        Columns.instant(row, "expires_at"));
  }

  private Future<Void> audit(SqlConnection connection, User user, String type) {
    var resource = WireId.USER.format(user.id());
    return plumbing
        .audit()
        .append(
            connection,
            new AuditLog.Change(
                new Actor(Actor.Type.SESSION, user.id(), user.email()),
                type,
                null,
                resource,
                new JsonObject().put("id", resource)));
  }

  private String csrfToken(String token) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(keyed("csrf", token));
  }

  private Buffer tokenHash(String token) {
    return Buffer.buffer(keyed("session", token));
  }

  private Buffer subject(String kind, String text) {
    return Buffer.buffer(keyed(kind, text));
  }

  /** A use of the pepper in one sense is none in another. */
  private byte[] keyed(String purpose, String text) {
    return pepper.hash((purpose + "\n" + text).getBytes(StandardCharsets.UTF_8));
  }

  private static <T> Future<T> refused() {
    return Future.failedFuture(new TenancyException(new TenancyFailure.BadCredentials()));
  }

  private static <T> Future<T> noSession() {
    return Future.failedFuture(new TenancyException(new TenancyFailure.NoSession()));
  }

  private record Attempt(Instant at, Buffer[] subjects) {}
}
