package dev.postern.gateway.pipeline;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.ApiKeys;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The first stage: who is calling, and may this kind of caller use this kind of route. */
public final class Authenticate {
  private static final Set<Principal.Kind> INFERENCE =
      EnumSet.of(Principal.Kind.PROJECT_KEY, Principal.Kind.SESSION);

  private final ApiKeys keys;
  private final SessionAuthenticator sessions;

  public Authenticate(ApiKeys keys, SessionAuthenticator sessions) {
    this.keys = keys;
    this.sessions = sessions;
  }

  /** The caller of an inference route, with the project that the call belongs to. */
  public Future<Caller> caller(Credentials credentials) {
    return principal(credentials, INFERENCE)
        .map(principal -> new Caller(principal, project(principal, credentials)));
  }

  /**
   * The caller of a route that is open to the given kinds; completed at once for a key in memory.
   */
  public Future<Principal> principal(Credentials credentials, Set<Principal.Kind> open) {
    return prove(credentials)
        .map(principal -> {
          requireKind(principal, open);
          requireOwnScope(principal, credentials);
          return principal;
        });
  }

  private Future<Principal> prove(Credentials credentials) {
    if (credentials.bearer() != null) {
      var warm = keys.cached(credentials.bearer());
      return warm != null ? Future.succeededFuture(warm) : keys.authenticate(credentials.bearer());
    }
    if (credentials.session() != null) {
      return Future.succeededFuture(credentials.session())
          .map(token -> visit(token, credentials))
          .compose(sessions::authenticate);
    }
    return Future.failedFuture(new WireException(new WireFailure.MissingKey()));
  }

  private static SessionAuthenticator.Visit visit(String token, Credentials credentials) {
    return new SessionAuthenticator.Visit(
        token, credentials.csrf(), credentials.changesState(), namedProject(credentials));
  }

  private static void requireKind(Principal principal, Set<Principal.Kind> open) {
    if (!open.contains(principal.kind())) {
      throw new WireException(
          new WireFailure.WrongKeyKind(
              open.contains(Principal.Kind.ADMIN_KEY)
                  ? "an admin key (sk-admin-…)"
                  : "a project key (sk-proj-…)"));
    }
  }

  private static void requireOwnScope(Principal principal, Credentials credentials) {
    var organization = credentials.organization();
    if (organization != null
        && !organization.equals(WireId.ORGANISATION.format(principal.tenant().value()))) {
      throw new WireException(new WireFailure.ForeignScope("OpenAI-Organization"));
    }
    var project = credentials.project();
    if (project != null
        && principal.project() != null
        && !project.equals(WireId.PROJECT.format(principal.project().value()))) {
      throw new WireException(new WireFailure.ForeignScope("OpenAI-Project"));
    }
  }

  private static ProjectId project(Principal principal, Credentials credentials) {
    if (principal.project() != null) {
      return principal.project();
    }
    var named = namedProject(credentials);
    if (named == null) {
      throw new WireException(new WireFailure.MissingProject());
    }
    return named;
  }

  private static @Nullable ProjectId namedProject(Credentials credentials) {
    var text = credentials.project();
    return text == null ? null : new ProjectId(WireId.PROJECT.require(text));
  }
}
