package dev.postern.gateway.http;

import dev.postern.gateway.pipeline.Credentials;
import dev.postern.gateway.pipeline.EventLoops;
import dev.postern.gateway.wire.openai.CallId;
import dev.postern.gateway.wire.openai.ErrorAnswer;
import dev.postern.gateway.wire.openai.ErrorEnvelope;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.ProjectId;
import dev.postern.tenancy.UsageEvent;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request from its head to its log line: the id, the headers that every answer carries, the
 * caller, and how it ended. Belongs to one event loop.
 */
public final class Exchange {
  static final String APPLICATION_JSON = "application/json";

  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
  private static final CharSequence VERSION = HttpHeaders.createOptimized("openai-version");
  private static final CharSequence VERSION_DATE = HttpHeaders.createOptimized("2020-10-01");
  private static final CharSequence PROCESSING =
      HttpHeaders.createOptimized("openai-processing-ms");
  private static final CharSequence ORGANIZATION =
      HttpHeaders.createOptimized("openai-organization");
  private static final String KEY = Exchange.class.getName();

  private final Site site;
  private final HttpServerRequest request;
  private final UUID id;
  private final Instant startedAt;
  private final long startNanos;
  private final BodyMemory.Share bodyMemory;
  private String route = "(unmatched)";
  private @Nullable Principal principal;
  private @Nullable UsageEvent usage;
  private @Nullable String errorCode;

  private Exchange(Site site, HttpServerRequest request) {
    this.site = site;
    this.request = request;
    this.id = site.ids().next();
    this.startedAt = site.clock().instant();
    this.startNanos = System.nanoTime();
    this.bodyMemory = site.bodies().share();
    request.response().putHeader(REQUEST_ID, requestId()).putHeader(VERSION, VERSION_DATE);
  }

  /** For requests that bypass the Router. */
  static Exchange begin(Site site, HttpServerRequest request, String route) {
    var exchange = new Exchange(site, request);
    exchange.route = route;
    request.response().headersEndHandler(head -> exchange.completeHead());
    request.response().endHandler(end -> exchange.finish());
    return exchange;
  }

  /** For requests that the Router handles: its first handler calls this. */
  static void begin(Site site, RoutingContext ctx) {
    var exchange = new Exchange(site, ctx.request());
    ctx.put(KEY, exchange);
    ctx.addHeadersEndHandler(head -> exchange.completeHead());
    ctx.addEndHandler(end -> {
      var matched = ctx.currentRoute();
      if (matched != null && matched.getPath() != null) {
        exchange.route = matched.getPath();
      }
      exchange.finish();
    });
  }

  static Exchange of(RoutingContext ctx) {
    return ctx.get(KEY);
  }

  UUID id() {
    return id;
  }

  /** The id as the client sees it, in {@code x-request-id} and in error messages. */
  String requestId() {
    return CallId.REQUEST.format(id);
  }

  HttpServerRequest request() {
    return request;
  }

  HttpServerResponse response() {
    return request.response();
  }

  Instant startedAt() {
    return startedAt;
  }

  long startNanos() {
    return startNanos;
  }

  String route() {
    return route;
  }

  @Nullable Principal principal() {
    return principal;
  }

  /** The caller's own project, or the one that a session names; null without one. */
  @Nullable ProjectId project() {
    if (principal != null && principal.project() != null) {
      return principal.project();
    }
    var named = credentials().project();
    return named == null ? null : new ProjectId(WireId.PROJECT.require(named));
  }

  void identified(Principal caller) {
    principal = caller;
  }

  @Nullable UsageEvent usage() {
    return usage;
  }

  void metered(UsageEvent event) {
    usage = event;
  }

  @Nullable String errorCode() {
    return errorCode;
  }

  Future<Principal> authenticate(Set<Principal.Kind> open) {
    return EventLoops.here(site.authenticate().principal(credentials(), open))
        .onSuccess(this::identified);
  }

  Credentials credentials() {
    return RequestHeaders.credentials(request);
  }

  Future<Buffer> body() {
    return body(site.config().maxJsonBody());
  }

  Future<Buffer> body(long limit) {
    return RequestBody.read(site.vertx(), request, limit, site.config().bodyTimeout(), bodyMemory);
  }

  Future<Void> send(int status, CharSequence contentType, Buffer body) {
    var response = response();
    if (response.closed() || response.ended()) {
      return Future.failedFuture("the client is gone");
    }
    UnreadBody.settle(site.vertx(), request);
    return response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, contentType)
        .end(body);
  }

  /** Answers with the failure in the error envelope, unless the answer has begun. */
  void fail(Throwable cause) {
    if (RequestBody.clientGone(cause)) {
      return;
    }
    var answer = explain(cause);
    if (response().headWritten()) {
      // Half an answer is out and says nothing of an error: break it off so that it is not
      // mistaken for a whole one.
      request.connection().close();
      return;
    }
    RateLimitHeaders.write(response().headers(), answer);
    send(answer.status(), APPLICATION_JSON, answer.body());
  }

  /** Refuses what the codec could not read: neither the body nor the connection is of use. */
  void failMalformed(Throwable cause) {
    var answer = explain(cause);
    response()
        .setStatusCode(answer.status())
        .putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE)
        .putHeader(HttpHeaders.CONTENT_TYPE, APPLICATION_JSON)
        .end(answer.body())
        .onComplete(sent -> request.connection().close());
  }

  /** The failure in the API's words; logs it at the level it deserves. */
  ErrorAnswer explain(Throwable cause) {
    var answer = ErrorEnvelope.of(cause, requestId());
    errorCode = answer.code() == null ? answer.type() : answer.code();
    site.log().failure(this, answer, cause);
    return answer;
  }

  Duration elapsed() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  private void completeHead() {
    var headers = response().headers();
    headers.set(
        PROCESSING, Long.toString(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startNanos)));
    if (principal != null) {
      headers.set(ORGANIZATION, WireId.ORGANISATION.format(principal.tenant().value()));
    }
  }

  private void finish() {
    bodyMemory.release();
    site.connections().idle(request.connection());
    site.metrics().finished(this);
    site.log().finished(this);
  }
}
