package dev.postern.gateway.http;

import dev.postern.gateway.pipeline.Client;
import dev.postern.gateway.pipeline.Ending;
import dev.postern.gateway.wire.openai.SseWriter;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.RateLimitStatus;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;

/** The client of an inference call, over HTTP. */
final class HttpClientSide implements Client {
  private static final CharSequence EVENT_STREAM =
      HttpHeaders.createOptimized("text/event-stream; charset=utf-8");
  private static final CharSequence NO_CACHE = HttpHeaders.createOptimized("no-cache");
  private static final CharSequence BUFFERING = HttpHeaders.createOptimized("x-accel-buffering");
  private static final CharSequence NO = HttpHeaders.createOptimized("no");

  private final Exchange exchange;
  private final HttpServerResponse response;
  private final long maxBody;
  private final Promise<Void> gone = Promise.promise();

  HttpClientSide(Exchange exchange, long maxBody) {
    this.exchange = exchange;
    this.response = exchange.response();
    this.maxBody = maxBody;
    response.closeHandler(closed -> gone.tryComplete());
    // A write that fails is followed by the close, which says all there is to say.
    response.exceptionHandler(broken -> gone.tryComplete());
  }

  @Override
  public Future<Buffer> body() {
    return exchange.body(maxBody);
  }

  @Override
  public void identified(Principal principal) {
    exchange.identified(principal);
  }

  @Override
  public void admitted(RateLimitStatus limits) {
    RateLimitHeaders.write(response.headers(), limits);
  }

  @Override
  public Future<Void> gone() {
    return gone.future();
  }

  @Override
  public void stream(Buffer events) {
    if (!response.headWritten()) {
      beginStream();
    }
    response.write(events);
  }

  private void beginStream() {
    response
        .setChunked(true)
        .putHeader(HttpHeaders.CONTENT_TYPE, EVENT_STREAM)
        .putHeader(HttpHeaders.CACHE_CONTROL, NO_CACHE)
        .putHeader(BUFFERING, NO);
  }

  @Override
  public boolean congested() {
    return response.writeQueueFull();
  }

  @Override
  public void onDrain(Runnable action) {
    response.drainHandler(drained -> action.run());
  }

  @Override
  public void metered(UsageEvent event) {
    exchange.metered(event);
  }

  @Override
  public void finish(Ending ending) {
    switch (ending) {
      case Ending.Document(var json) -> exchange.send(200, Exchange.APPLICATION_JSON, json);
      case Ending.LastEvents(var events) -> endStream(events);
      case Ending.Failed(var cause) -> fail(cause);
      case Ending.ClientGone() -> {}
    }
  }

  private void fail(Throwable cause) {
    if (response.headWritten()) {
      endStream(SseWriter.error(exchange.explain(cause)));
    } else {
      exchange.fail(cause);
    }
  }

  private void endStream(Buffer events) {
    if (response.closed()) {
      return;
    }
    if (!response.headWritten()) {
      beginStream();
    }
    response.end(events);
  }
}
