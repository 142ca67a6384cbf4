package dev.postern.runners.server;

import dev.postern.runners.engine.Generator;
import dev.postern.runners.wire.CallerHeaders;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request on its way: who asked, what was answered, and the line that the log gets. */
final class ServedCall {
  private static final Logger LOG = LoggerFactory.getLogger("dev.postern.runners.requests");
  private static final Pattern SOUND_ID = Pattern.compile("[A-Za-z0-9_.-]{1,128}");

  /** What proxies write into their logs for it; nobody gets to see it. */
  private static final int CALLER_GONE = 499;

  final Context context;
  final HttpServerRequest request;
  final String requestId;
  private final String route;
  private final Metrics metrics;
  private final Traffic traffic;
  private final CpuOverhead overhead;
  private final long startedAt = System.nanoTime();
  private CallerHeaders caller = CallerHeaders.NOBODY;
  private String model = "-";
  private int promptTokens;
  private GenerationRun.Totals totals = GenerationRun.Totals.NONE;
  private Runnable onGone = () -> {};
  private Consumer<Throwable> onAbort = this::fail;
  private boolean working;
  private boolean ended;

  /**
   * @param route as it is named in metrics
   * @param traffic counts the call until the answer was sent or the caller is gone
   */
  ServedCall(
      Context context,
      HttpServerRequest request,
      String route,
      Metrics metrics,
      Traffic traffic,
      CpuOverhead overhead) {
    this.context = context;
    this.request = request;
    this.route = route;
    this.metrics = metrics;
    this.traffic = traffic;
    this.overhead = overhead;
    var given = request.getHeader("x-request-id");
    requestId =
        given != null && SOUND_ID.matcher(given).matches()
            ? given
            : "req_" + UUID.randomUUID().toString().replace("-", "");
    var response = request.response();
    response.putHeader("x-request-id", requestId);
    response.exceptionHandler(_ -> gone());
    response.closeHandler(_ -> gone());
    response.endHandler(_ -> end(response.getStatusCode()));
  }

  /** It asks for work of a model. */
  void works() {
    working = true;
    overhead.begin();
  }

  CpuOverhead overhead() {
    return overhead;
  }

  void caller(CallerHeaders told) {
    caller = told;
  }

  /** On whose behalf the engine works. */
  Generator.Caller caller() {
    return new Generator.Caller(caller.tenant(), caller.weight(), caller.priority());
  }

  HttpServerResponse response() {
    return request.response();
  }

  /** What to do when the caller goes away before the answer's end. */
  void onGone(Runnable action) {
    onGone = action;
  }

  /** What to do when the runner gives up on the answer; unless set, the failure is the answer. */
  void onAbort(Consumer<Throwable> action) {
    onAbort = action;
  }

  /** Ends the request with a failure, wherever its answer is. */
  void abort(ApiFailure failure) {
    onAbort.accept(new Refusal(failure));
  }

  boolean over() {
    return ended || response().ended();
  }

  void json(Buffer body) {
    answer(200, body);
  }

  void fail(ApiFailure failure) {
    if (failure.retryAfter() != null) {
      long millis = failure.retryAfter().toMillis();
      response().putHeader("retry-after", Long.toString(Math.max(1, (millis + 999) / 1000)));
      response().putHeader("retry-after-ms", Long.toString(millis));
    }
    answer(failure.status(), failure.body());
  }

  void fail(Throwable cause) {
    var failure = ApiFailure.of(cause);
    if (failure.status() >= 500) {
      LOG.warn("{} {}: {}", requestId, route, cause.toString());
    }
    fail(failure);
  }

  /** A token of an answer was produced. */
  void token(String loadedModel) {
    metrics.token(loadedModel);
  }

  /** What the log line and the metrics say about the work done. */
  void used(String loadedModel, int prompt, GenerationRun.Totals spent) {
    model = loadedModel;
    promptTokens = prompt;
    totals = spent;
    metrics.used(loadedModel, caller.tenant(), prompt, spent);
  }

  void answer(int status, Buffer body) {
    if (over() || response().headWritten()) {
      return;
    }
    response().setStatusCode(status).putHeader("content-type", "application/json").end(body);
  }

  /** Gives up on a caller that does not take its answer. */
  void drop() {
    gone();
    request.connection().close();
  }

  private void gone() {
    if (response().ended()) {
      end(response().getStatusCode());
    } else if (!ended) {
      onGone.run();
      end(CALLER_GONE);
    }
  }

  private void end(int status) {
    if (ended) {
      return;
    }
    ended = true;
    if (working) {
      overhead.end();
    }
    metrics.answered(route, status);
    LOG.info(
        "{} {} status={} model={} prompt_tokens={} completion_tokens={} cpu_us={} queue_us={}"
            + " total_ms={}",
        requestId,
        route,
        status,
        model,
        promptTokens,
        totals.completionTokens(),
        totals.cpuMicros(),
        totals.queueMicros(),
        (System.nanoTime() - startedAt) / 1_000_000);
    traffic.end(this);
  }
}
