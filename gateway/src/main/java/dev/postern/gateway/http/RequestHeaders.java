package dev.postern.gateway.http;

import dev.postern.gateway.pipeline.Credentials;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import org.jspecify.annotations.Nullable;

/** Reads what the head of a request says about its sender. */
final class RequestHeaders {
  static final String SESSION_COOKIE = "postern_session";

  private static final CharSequence ORGANIZATION =
      HttpHeaders.createOptimized("openai-organization");
  private static final CharSequence PROJECT = HttpHeaders.createOptimized("openai-project");
  private static final CharSequence CSRF = HttpHeaders.createOptimized("x-postern-csrf");
  private static final CharSequence CLIENT_REQUEST_ID =
      HttpHeaders.createOptimized("x-client-request-id");
  private static final String BEARER = "Bearer ";
  private static final int MAX_CLIENT_ID = 128;

  private RequestHeaders() {}

  static Credentials credentials(HttpServerRequest request) {
    var headers = request.headers();
    var bearer = bearer(headers.get(HttpHeaders.AUTHORIZATION));
    var cookie = bearer == null ? request.getCookie(SESSION_COOKIE) : null;
    return new Credentials(
        bearer,
        cookie == null ? null : cookie.getValue(),
        headers.get(CSRF),
        headers.get(ORGANIZATION),
        headers.get(PROJECT),
        request.method() != HttpMethod.GET && request.method() != HttpMethod.HEAD);
  }

  private static @Nullable String bearer(@Nullable String authorization) {
    if (authorization == null
        || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      return null;
    }
    var key = authorization.substring(BEARER.length()).strip();
    return key.isEmpty() ? null : key;
  }

  /** The client's own id for its call, for the log alone; null when absent or not printable. */
  static @Nullable String clientRequestId(HttpServerRequest request) {
    var id = request.headers().get(CLIENT_REQUEST_ID);
    if (id == null || id.length() > MAX_CLIENT_ID) {
      return null;
    }
    return id.chars().allMatch(c -> c > ' ' && c < 127) ? id : null;
  }
}
