package dev.postern.tenancy;

import static dev.postern.tenancy.Refusals.refusal;
import static dev.postern.tenancy.testing.TestPostgres.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.tenancy.testing.SettableClock;
import dev.postern.tenancy.testing.TestPostgres;
import dev.postern.tenancy.testing.TestTenancy;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.junit5.VertxExtension;
import io.vertx.sqlclient.SqlConnection;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Users and their sessions. */
@ExtendWith(VertxExtension.class)
class SessionsIT {
  @RegisterExtension static final TestPostgres POSTGRES = new TestPostgres();

  private static final String PASSWORD = "correct horse battery";
  private static final TenancyFailure BAD_CREDENTIALS = new TenancyFailure.BadCredentials();
  private static final TenancyFailure NO_SESSION = new TenancyFailure.NoSession();

  /** Tests share a database: each has its own people and addresses. */
  private static final AtomicInteger TESTS = new AtomicInteger();

  private final SettableClock clock = SettableClock.create();
  private Vertx vertx;
  private Tenancy tenancy;
  private Organisation organisation;
  private Principal one;
  private Principal other;
  private User user;
  private String email;
  private String address;

  @BeforeEach
  void aUser(Vertx vertx) {
    this.vertx = vertx;
    var number = TESTS.incrementAndGet();
    email = "Ada" + number + "@example.com";
    address = "192.0.2." + number;
    tenancy = TestTenancy.open(vertx, POSTGRES, clock);
    organisation = await(tenancy.organisations().create("One"));
    one = TestTenancy.admin(organisation);
    other = TestTenancy.admin(await(tenancy.organisations().create("Other")));
    user = await(tenancy.users().add(one, email, "Ada", User.Role.OWNER, PASSWORD));
  }

  @Test
  void aUserIsSeenByItsTenantAlone() {
    assertThat(await(tenancy.users().get(one.tenant(), user.id()))).isEqualTo(user);
    assertThat(await(tenancy.users().list(one.tenant(), PageRequest.FIRST)).data())
        .containsExactly(user);
    assertThat(refusal(tenancy.users().get(other.tenant(), user.id())))
        .isEqualTo(WireId.USER.notFound(user.id()));
    assertThat(await(tenancy.users().list(other.tenant(), PageRequest.FIRST)).data()).isEmpty();
    var withoutTenant =
        await(
            tenancy
                .db()
                .asSystem(connection -> connection.query("SELECT id FROM users").execute()));
    assertThat(withoutTenant.size()).isZero();
  }

  @Test
  void anEmailAddressBelongsToOneUserOfTheInstallation() {
    assertThat(
            refusal(
                tenancy
                    .users()
                    .add(other, email.toUpperCase(Locale.ROOT), "Eve", User.Role.OWNER, PASSWORD)))
        .isInstanceOf(TenancyFailure.Conflict.class);
  }

  @Test
  void aUserNeedsAnAddressAndAPassword() {
    for (var bad : new String[] {"", "ada", "@example.com", "a b@example.com", "a\n@example.com"}) {
      assertThat(refusal(tenancy.users().add(one, bad, "Ada", User.Role.MEMBER, PASSWORD)))
          .isInstanceOf(TenancyFailure.Invalid.class);
    }
    for (var bad : new String[] {"", "too short", "x".repeat(201)}) {
      assertThat(refusal(tenancy.users().add(one, "new@example.com", "Ada", User.Role.MEMBER, bad)))
          .isInstanceOf(TenancyFailure.Invalid.class);
    }
  }

  @Test
  void signingInOpensASessionOfTheUser() {
    var opened =
        await(tenancy.sessions().signIn(" " + email.toLowerCase(Locale.ROOT), PASSWORD, address));
    var session = await(tenancy.sessions().authenticate(opened.token()));
    assertThat(session).isEqualTo(opened.session());
    assertThat(session.user()).isEqualTo(user);
    assertThat(session.organisation()).isEqualTo(organisation);
    assertThat(session.principal())
        .isEqualTo(
            new Principal(Principal.Kind.SESSION, one.tenant(), null, user.id(), user.email()));
    assertThat(session.expiresAt()).isEqualTo(clock.instant().plus(Duration.ofHours(12)));
    assertThat(session.csrfMatches(opened.session().csrfToken())).isTrue();
    assertThat(session.csrfMatches(opened.token())).isFalse();
  }

  @Test
  void aSessionIsSeenByItsTenantAlone() {
    await(tenancy.sessions().signIn(email, PASSWORD, address));
    assertThat(sessionsSeen(tenancy.db().inTenant(one.tenant(), SessionsIT::countSessions)))
        .isEqualTo(1);
    assertThat(sessionsSeen(tenancy.db().inTenant(other.tenant(), SessionsIT::countSessions)))
        .isZero();
    assertThat(sessionsSeen(tenancy.db().asSystem(SessionsIT::countSessions))).isZero();
  }

  @Test
  void nothingThatIsStoredOrPrintedOpensASession() {
    var opened = await(tenancy.sessions().signIn(email, PASSWORD, address));
    var stored =
        await(
            POSTGRES
                .ownerPool(vertx)
                .query(
                    "SELECT string_agg(s::text, ' ') || (SELECT string_agg(u::text, ' ') FROM users"
                        + " u) FROM sessions s")
                .execute());
    assertThat(stored.iterator().next().getString(0))
        .doesNotContain(opened.token(), PASSWORD, opened.session().csrfToken());
    assertThat(opened.toString()).doesNotContain(opened.token(), opened.session().csrfToken());
  }

  @Test
  void aWrongPasswordAndAnUnknownUserLookTheSame() {
    assertThat(refusal(tenancy.sessions().signIn(email, "wrong", address)))
        .isEqualTo(BAD_CREDENTIALS);
    assertThat(refusal(tenancy.sessions().signIn("nobody@example.com", PASSWORD, address)))
        .isEqualTo(BAD_CREDENTIALS);
    assertThat(refusal(tenancy.sessions().signIn("a\u0000b", PASSWORD, address)))
        .isEqualTo(BAD_CREDENTIALS);
  }

  @Test
  void aSessionEndsTwelveHoursAfterItsLastUse() {
    var token = await(tenancy.sessions().signIn(email, PASSWORD, address)).token();
    clock.advance(Duration.ofHours(11));
    assertThat(await(tenancy.sessions().authenticate(token)).expiresAt())
        .isEqualTo(clock.instant().plus(Duration.ofHours(12)));
    clock.advance(Duration.ofHours(12).minusSeconds(1));
    await(tenancy.sessions().authenticate(token));
    clock.advance(Duration.ofHours(12));
    assertThat(refusal(tenancy.sessions().authenticate(token))).isEqualTo(NO_SESSION);
  }

  @Test
  void aSessionEndsWhenTheUserSignsOut() {
    var token = await(tenancy.sessions().signIn(email, PASSWORD, address)).token();
    var kept = await(tenancy.sessions().signIn(email, PASSWORD, address)).token();
    await(tenancy.sessions().signOut(token));
    assertThat(refusal(tenancy.sessions().authenticate(token))).isEqualTo(NO_SESSION);
    await(tenancy.sessions().authenticate(kept));
    await(tenancy.sessions().signOut(token));
    await(tenancy.sessions().signOut("junk"));
  }

  @Test
  void tokensThatAreNoneAreRefused() {
    for (var junk : new String[] {"", "junk", "a".repeat(43), "\u0000".repeat(43)}) {
      assertThat(refusal(tenancy.sessions().authenticate(junk))).isEqualTo(NO_SESSION);
    }
  }

  @Test
  void theSixthAttemptInAMinuteIsRefusedEvenWithTheRightPassword() {
    for (var i = 0; i < 5; i++) {
      assertThat(refusal(tenancy.sessions().signIn(email, "wrong", address)))
          .isEqualTo(BAD_CREDENTIALS);
      clock.advance(Duration.ofSeconds(10));
    }
    assertThat(refusal(tenancy.sessions().signIn(email, PASSWORD, address)))
        .isEqualTo(new TenancyFailure.TooManyAttempts(Duration.ofSeconds(10)));
    clock.advance(Duration.ofSeconds(10));
    await(tenancy.sessions().signIn(email, PASSWORD, address));
  }

  @Test
  void attemptsSentAllAtOnceAreLimitedToo() {
    var attempts =
        IntStream.range(0, 15)
            .mapToObj(i -> tenancy.sessions().signIn(email, "wrong", address))
            .toList();
    var refusals = attempts.stream().map(Refusals::refusal).toList();
    assertThat(refusals).filteredOn(BAD_CREDENTIALS::equals).hasSize(5);
    assertThat(refusals).filteredOn(TenancyFailure.TooManyAttempts.class::isInstance).hasSize(10);
  }

  @Test
  void attemptsFromOneAddressForManyPeopleAreLimited() {
    for (var i = 0; i < 20; i++) {
      assertThat(refusal(tenancy.sessions().signIn("guess" + i + "@example.com", "wrong", address)))
          .isEqualTo(BAD_CREDENTIALS);
    }
    assertThat(refusal(tenancy.sessions().signIn("last@example.com", "wrong", address)))
        .isInstanceOf(TenancyFailure.TooManyAttempts.class);
  }

  @Test
  void aStrangersFailuresDoNotLockTheUserOut() {
    for (var i = 0; i < 6; i++) {
      refusal(tenancy.sessions().signIn(email, "wrong", "198.51.100.1"));
    }
    await(tenancy.sessions().signIn(email, PASSWORD, address));
  }

  @Test
  void successfulSignInsCountAgainstNobody() {
    for (var i = 0; i < 25; i++) {
      await(tenancy.sessions().signIn(email, PASSWORD, address));
    }
  }

  @Test
  void signingInAndOutAreRecorded() {
    refusal(tenancy.sessions().signIn(email, "wrong", address));
    var token = await(tenancy.sessions().signIn(email, PASSWORD, address)).token();
    await(tenancy.sessions().signOut(token));
    assertThat(
            await(tenancy.auditLog().list(one.tenant(), AuditLog.Filter.ALL, PageRequest.FIRST))
                .data())
        .extracting(entry -> entry.change().type())
        .containsExactly("logout.succeeded", "login.succeeded", "login.failed", "user.added");
  }

  private static Future<Long> countSessions(SqlConnection connection) {
    return connection
        .query("SELECT count(*) FROM sessions")
        .execute()
        .map(rows -> rows.iterator().next().getLong(0));
  }

  private static long sessionsSeen(Future<Long> count) {
    return await(count);
  }
}
