package dev.postern.runners.internal;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.RunnerPool.Call;
import dev.postern.runners.RunnerPoolConfig;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call to one runner, from the connection to the answer's head and its failures. Everything
 * runs on the caller's context, so there is no shared state.
 */
final class Exchange {
  private static final ObjectMapper JSON = new ObjectMapper();
  static final Duration SOON = Duration.ofSeconds(1);

  private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(60);
  private static final int MAX_ERROR_BODY = 64 * 1024;

  /** Answers that the caller's body explains; other 4xx speak of our set-up. */
  static final Set<Integer> CALLERS_FAULT = Set.of(400, 409, 413, 415, 422);

  final Context context;
  final Call call;
  private final Vertx vertx;
  private final RunnerPoolConfig config;
  private final Outcome outcome;
  private final Promise<HttpClientResponse> head = Promise.promise();
  private @Nullable HttpClientRequest request;
  private long firstByteTimer = -1;
  private long totalTimer = -1;
  private Runnable onTotal = () -> {};
  private boolean over;
  private @Nullable RunnerFailure verdict;

  private Exchange(
      Vertx vertx, Context context, RunnerPoolConfig config, CircuitBreaker breaker, Call call) {
    this.vertx = vertx;
    this.context = context;
    this.config = config;
    this.call = call;
    this.outcome = new Outcome(breaker);
  }

  /**
   * Begins a call for which {@code breaker} has given its permission.
   *
   * @param firstByte limit until the answer's head
   */
  static Exchange begin(
      Vertx vertx,
      HttpClient client,
      RunnerPoolConfig config,
      CircuitBreaker breaker,
      Call call,
      Duration firstByte) {
    var exchange = new Exchange(vertx, vertx.getOrCreateContext(), config, breaker, call);
    exchange.firstByteTimer = exchange.timer(firstByte, () -> exchange.timedOut(firstByte));
    exchange.totalTimer = exchange.timer(call.total(), () -> exchange.onTotal.run());
    exchange.onTotal = () -> exchange.timedOut(call.total());
    if (Vertx.currentContext() == exchange.context) {
      exchange.send(client);
    } else {
      exchange.context.runOnContext(_ -> exchange.send(client));
    }
    return exchange;
  }

  /** A 200, paused; anything else has become a {@link RunnerException}. */
  Future<HttpClientResponse> head() {
    return head.future();
  }

  /** Replaces what happens when the whole call has taken too long. */
  void onTotal(Runnable action) {
    onTotal = action;
  }

  private void send(HttpClient client) {
    var base = call.baseUri();
    boolean tls = "https".equals(base.getScheme());
    var options =
        new RequestOptions()
            .setMethod(HttpMethod.POST)
            .setHost(base.getHost())
            .setSsl(tls)
            .setPort(base.getPort() >= 0 ? base.getPort() : tls ? 443 : 80)
            .setURI(call.path())
            .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
            .putHeader("x-request-id", call.requestId());
    call.caller().write(options::putHeader);
    if (config.token() != null) {
      options.putHeader(HttpHeaders.AUTHORIZATION, "Bearer " + config.token());
    }
    // The answer's handlers must be set in the very call that brings it, so nothing is chained
    // here.
    client.request(options).onComplete(this::opened, this::broken);
  }

  private void opened(HttpClientRequest opened) {
    request = opened;
    // Failures arrive through the response's future; Vert.x would log them here as unhandled.
    opened.exceptionHandler(_ -> {});
    if (over) {
      opened.reset();
    } else {
      opened.send(call.body()).onComplete(this::answered, this::broken);
    }
  }

  private void answered(HttpClientResponse response) {
    vertx.cancelTimer(firstByteTimer);
    if (over) {
      reset();
      return;
    }
    int status = response.statusCode();
    if (status == 200) {
      response.pause();
      head.complete(response);
    } else if (status == 429 || status == 503) {
      outcome.neutral();
      finish(new RunnerFailure.Overloaded(call.runner(), retryAfter(response)), response);
    } else if (CALLERS_FAULT.contains(status)) {
      outcome.neutral();
      Bodies.collect(response, MAX_ERROR_BODY)
          .onComplete(
              body -> fail(new RunnerFailure.Refused(call.runner(), status, body.toString())),
              this::broken);
    } else if (status == 404) {
      outcome.neutral();
      Bodies.collect(response, MAX_ERROR_BODY)
          .onComplete(body -> fail(notFound(body)), this::broken);
    } else {
      LOG.warn("runner {} answered {} to request {}", call.runner(), status, call.requestId());
      if (status >= 500) {
        outcome.failure(new RunnerException(unavailable()));
      } else {
        outcome.neutral();
      }
      finish(unavailable(), response);
    }
  }

  private RunnerFailure notFound(Buffer body) {
    try {
      var error = JSON.readTree(body.getBytes()).path("error");
      if (error.path("code").asText().equals(RunnerPool.UNKNOWN_ADAPTER)) {
        return new RunnerFailure.UnknownAdapter(call.runner());
      }
    } catch (IOException noEnvelope) {
      LOG.debug("the answer is not JSON", noEnvelope);
    }
    LOG.warn("runner {} answered 404 to request {}", call.runner(), call.requestId());
    return unavailable();
  }

  /** The runner or the way to it failed. */
  void broken(Throwable cause) {
    if (cause instanceof ConnectionPoolTooBusyException) {
      outcome.neutral();
      fail(new RunnerFailure.Overloaded(call.runner(), SOON));
      return;
    }
    outcome.failure(cause);
    fail(unavailable());
  }

  private void timedOut(Duration limit) {
    verdict = new RunnerFailure.TimedOut(call.runner(), limit);
    outcome.failure(new RunnerException(verdict));
    fail(verdict);
    reset();
  }

  /** Ends the call, if it still runs, because nobody waits for it any more. */
  void abandon() {
    if (!over) {
      outcome.neutral();
      fail(unavailable());
      reset();
    }
  }

  /** Why the body of a 200 did not arrive whole. */
  RunnerException failure() {
    return new RunnerException(verdict == null ? unavailable() : verdict);
  }

  void succeeded() {
    outcome.success();
  }

  void done() {
    over = true;
    vertx.cancelTimer(firstByteTimer);
    vertx.cancelTimer(totalTimer);
  }

  /** Closes the connection, which is how HTTP/1.1 tells the runner to stop. */
  void reset() {
    done();
    if (request != null) {
      request.reset();
    }
  }

  RunnerFailure unavailable() {
    return new RunnerFailure.Unavailable(call.runner(), SOON);
  }

  long timer(Duration delay, Runnable action) {
    return vertx.setTimer(Math.max(1, delay.toMillis()), _ -> action.run());
  }

  private void finish(RunnerFailure failure, HttpClientResponse response) {
    Bodies.collect(response, MAX_ERROR_BODY).onFailure(_ -> reset());
    fail(failure);
  }

  private void fail(RunnerFailure failure) {
    done();
    head.tryFail(new RunnerException(failure));
  }

  private static Duration retryAfter(HttpClientResponse response) {
    var millis = number(response.getHeader("retry-after-ms"));
    var seconds = number(response.getHeader("retry-after"));
    var wanted =
        millis != null
            ? Duration.ofMillis(millis)
            : seconds != null ? Duration.ofSeconds(seconds) : SOON;
    return wanted.compareTo(LONGEST_RETRY) > 0 ? LONGEST_RETRY : wanted;
  }

  private static @Nullable Integer number(@Nullable String header) {
    try {
      return header == null ? null : Integer.parseUnsignedInt(header.strip());
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
