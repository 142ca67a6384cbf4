package dev.postern.gateway.admin;

import dev.postern.gateway.pipeline.SessionAuthenticator;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Projects;
import dev.postern.tenancy.Sessions;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import java.util.Objects;

/** Proves calls that ride on the console's cookie. */
public final class ConsoleSessions implements SessionAuthenticator {
  private final Sessions sessions;
  private final Projects projects;

  public ConsoleSessions(Sessions sessions, Projects projects) {
    this.sessions = sessions;
    this.projects = projects;
  }

  @Override
  public Future<Principal> authenticate(Visit visit) {
    return sessions
        .authenticate(visit.token())
        .compose(session -> {
          if (visit.changesState()
              && (visit.csrf() == null || !session.csrfMatches(visit.csrf()))) {
            return Future.failedFuture(new WireException(new WireFailure.CsrfMismatch()));
          }
          var principal = session.principal();
          return visit.project() == null
              ? Future.succeededFuture(principal)
              : requireActive(principal, visit);
        });
  }

  private Future<Principal> requireActive(Principal principal, Visit visit) {
    var id = Objects.requireNonNull(visit.project());
    return projects
        .get(principal.tenant(), id)
        .compose(project ->
            project.active()
                ? Future.succeededFuture(principal)
                : Future.failedFuture(new TenancyException(WireId.PROJECT.notFound(id.value()))));
  }
}
