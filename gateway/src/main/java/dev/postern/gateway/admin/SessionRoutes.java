package dev.postern.gateway.admin;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.gateway.http.Api;
import dev.postern.gateway.http.RouteGroup;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.Sessions;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Set;

/** Signing in to the console and out of it. */
final class SessionRoutes implements RouteGroup {
  private static final String PATH = "/v1/postern/session";
  private static final String COOKIE = "postern_session";
  private static final String KIND = "postern.session";
  private static final int MAX_EMAIL = 320;
  private static final int MAX_PASSWORD = 1_024;

  private final Sessions sessions;
  private final InstantSource clock;
  private final boolean secureCookies;

  SessionRoutes(Sessions sessions, InstantSource clock, boolean secureCookies) {
    this.sessions = sessions;
    this.clock = clock;
    this.secureCookies = secureCookies;
  }

  @Override
  public void register(Router router) {
    router.post(PATH).handler(Answers.json(this::signIn));
    router
        .get(PATH)
        .handler(Api.allow(Principal.Kind.SESSION))
        .handler(Answers.json(ctx -> sessions.authenticate(token(ctx)).map(SessionRoutes::shape)));
    router
        .delete(PATH)
        .handler(Api.allow(Principal.Kind.SESSION))
        .handler(Answers.json(this::signOut));
  }

  private Future<JsonNode> signIn(RoutingContext ctx) {
    return Body.read(
        ctx,
        Set.of("email", "password"),
        body ->
            sessions
                .signIn(
                    body.text("email", MAX_EMAIL),
                    body.text("password", MAX_PASSWORD),
                    ctx.request().remoteAddress().hostAddress())
                .map(opened -> {
                  var left = Duration.between(clock.instant(), opened.session().expiresAt());
                  setCookie(ctx, opened.token(), Math.max(0, left.toSeconds()));
                  return shape(opened.session());
                }));
  }

  private Future<JsonNode> signOut(RoutingContext ctx) {
    return sessions
        .signOut(token(ctx))
        .map(done -> {
          setCookie(ctx, "", 0);
          return Shapes.object(KIND).put("deleted", true);
        });
  }

  private void setCookie(RoutingContext ctx, String value, long maxAge) {
    ctx.response()
        .addCookie(
            Cookie.cookie(COOKIE, value)
                .setPath("/")
                .setHttpOnly(true)
                .setSameSite(CookieSameSite.STRICT)
                .setSecure(secureCookies || ctx.request().isSSL())
                .setMaxAge(maxAge));
  }

  private static String token(RoutingContext ctx) {
    var cookie = ctx.request().getCookie(COOKIE);
    if (cookie == null) {
      throw new TenancyException(new TenancyFailure.NoSession());
    }
    return cookie.getValue();
  }

  private static ObjectNode shape(Sessions.Session session) {
    var user = session.user();
    var organization = session.organisation();
    var node = Shapes.object(KIND);
    node.putObject("user")
        .put("id", WireId.USER.format(user.id()))
        .put("email", user.email())
        .put("name", user.name())
        .put("role", Shapes.word(user.role()));
    node.putObject("organization")
        .put("id", WireId.ORGANISATION.format(organization.id().value()))
        .put("name", organization.name());
    return node.put("csrf_token", session.csrfToken())
        .put("expires_at", session.expiresAt().getEpochSecond());
  }
}
