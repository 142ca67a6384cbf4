package dev.postern.tenancy;

import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Instant;

/** The console's sessions. */
public interface Sessions {

  /**
   * Opens a session.
   *
   * @param address where the call comes from; attempts are limited by it and by the e-mail
   * @return fails with {@link TenancyFailure.BadCredentials} or {@link
   *     TenancyFailure.TooManyAttempts}
   */
  Future<Opened> signIn(String email, String password, String address);

  /**
   * The session of a token, its end moved on; fails with {@link TenancyFailure.NoSession}. Callers
   * compare the CSRF token of calls that change something.
   */
  Future<Session> authenticate(String token);

  /** Ends a session. Without one it does nothing. */
  Future<Void> signOut(String token);

  /**
   * A live session.
   *
   * @param principal of kind {@code SESSION}, with the user's id
   * @param csrfToken what a call that changes something has to repeat in a header
   */
  record Session(
      Principal principal,
      User user,
      Organisation organisation,
      String csrfToken,
      Instant expiresAt) {

    /** Compares in constant time. */
    public boolean csrfMatches(String presented) {
      return MessageDigest.isEqual(
          csrfToken.getBytes(StandardCharsets.UTF_8), presented.getBytes(StandardCharsets.UTF_8));
    }

    /** Leaves the token out. */
    @Override
    public String toString() {
      return "Session[user=" + user + ", expiresAt=" + expiresAt + "]";
    }
  }

  /** A session that just began; the token goes into the cookie and is kept nowhere. */
  record Opened(String token, Session session) {
    /** Leaves the token out. */
    @Override
    public String toString() {
      return "Opened[session=" + session + "]";
    }
  }
}
