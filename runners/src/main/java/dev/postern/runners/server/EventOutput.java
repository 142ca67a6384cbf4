package dev.postern.runners.server;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;

/**
 * Server-sent events to one caller. The engine cannot be paused for one of its rows, so what a slow
 * reader has not taken is kept up to a limit; beyond it the caller is cut off.
 */
final class EventOutput {
  private static final Buffer PREFIX = Buffer.buffer("data: ");
  private static final Buffer SUFFIX = Buffer.buffer("\n\n");
  private static final Buffer DONE = Buffer.buffer("data: [DONE]\n\n");

  private final Vertx vertx;
  private final ServedCall call;
  private final HttpServerResponse response;
  private final RunnerServerConfig config;
  private long unread;
  private long stuckTimer = -1;

  EventOutput(Vertx vertx, ServedCall call, RunnerServerConfig config) {
    this.vertx = vertx;
    this.call = call;
    this.response = call.response();
    this.config = config;
  }

  void send(Buffer event) {
    if (!response.headWritten()) {
      response
          .setChunked(true)
          .putHeader("content-type", "text/event-stream")
          .putHeader("cache-control", "no-cache")
          .putHeader("x-accel-buffering", "no");
    }
    write(
        Buffer.buffer(event.length() + 8)
            .appendBuffer(PREFIX)
            .appendBuffer(event)
            .appendBuffer(SUFFIX));
  }

  void end() {
    write(DONE);
    response.end();
  }

  /** An error event ends a stream without {@code [DONE]}. */
  void fail(ApiFailure failure) {
    send(failure.body());
    response.end();
  }

  private void write(Buffer bytes) {
    if (call.over()) {
      return;
    }
    unread += bytes.length();
    response.write(bytes).onComplete(_ -> taken(bytes.length()));
    if (unread > config.maxUnreadBytes()) {
      cutOff();
    } else if (response.writeQueueFull() && stuckTimer < 0) {
      stuckTimer = vertx.setTimer(config.unreadTime().toMillis(), _ -> cutOff());
      response.drainHandler(_ -> moving());
    }
  }

  private void taken(int bytes) {
    unread -= bytes;
  }

  private void moving() {
    vertx.cancelTimer(stuckTimer);
    stuckTimer = -1;
  }

  private void cutOff() {
    call.drop();
  }
}
