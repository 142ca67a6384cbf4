package dev.postern.gateway.pipeline;

import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import io.vertx.core.Future;
import org.jspecify.annotations.Nullable;

/** Proves the console's users by their session cookie. */
public interface SessionAuthenticator {

  /**
   * Checks that the session lives, that a call which changes state carries the session's CSRF
   * token, and that the project, where one is named, belongs to the session's organisation.
   *
   * @return a principal of kind {@code SESSION}; fails with {@code TenancyFailure.NoSession},
   *     {@code WireFailure.CsrfMismatch} or {@code TenancyFailure.NotFound}
   */
  Future<Principal> authenticate(Visit visit);

  /**
   * @param token the value of the cookie {@code postern_session}
   * @param csrf the header {@code x-postern-csrf}
   * @param project the project of the header {@code OpenAI-Project}
   */
  record Visit(
      String token, @Nullable String csrf, boolean changesState, @Nullable ProjectId project) {

    /** Leaves the secrets out. */
    @Override
    public String toString() {
      return "Visit[project=" + project + "]";
    }
  }
}
