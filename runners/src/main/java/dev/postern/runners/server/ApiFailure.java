package dev.postern.runners.server;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.RunnerPool;
import dev.postern.runners.adapter.NoRoomForAdapterException;
import dev.postern.runners.adapter.UnknownAdapterException;
import dev.postern.runners.wire.BadRequest;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An answer that is not the wished-for one, in the OpenAI envelope.
 *
 * @param retryAfter null when trying again does not help
 */
record ApiFailure(
    int status,
    String type,
    @Nullable String code,
    @Nullable String param,
    String message,
    @Nullable Duration retryAfter) {

  private static final String INVALID = "invalid_request_error";
  private static final String SERVER = "server_error";
  private static final Duration SOON = Duration.ofSeconds(1);

  static ApiFailure of(Throwable cause) {
    return switch (cause) {
      case BadRequest bad ->
          new ApiFailure(
              400, INVALID, bad.code(), bad.param(), String.valueOf(bad.getMessage()), null);
      case Refusal refusal -> refusal.failure();
      case RunnerException runner -> of(runner.failure());
      case NoRoomForAdapterException full -> noRoomForAdapter(full.needed());
      case UnknownAdapterException unknown ->
          new ApiFailure(
              404,
              INVALID,
              RunnerPool.UNKNOWN_ADAPTER,
              "model",
              String.valueOf(unknown.getMessage()),
              null);
      default ->
          new ApiFailure(
              500, SERVER, null, null, "The runner failed; its log has the reason.", null);
    };
  }

  private static ApiFailure of(RunnerFailure failure) {
    return switch (failure) {
      case RunnerFailure.Overloaded(_, var retryAfter) -> overloaded(retryAfter);
      case RunnerFailure.Unavailable(_, var retryAfter) -> unavailable(retryAfter);
      case RunnerFailure.UnknownAdapter(_) -> unavailable(SOON);
      case RunnerFailure.TimedOut(_, var limit) ->
          new ApiFailure(
              504, SERVER, null, null, "No answer within " + limit.toMillis() + " ms.", null);
      case RunnerFailure.Refused(_, var status, var body) ->
          new ApiFailure(status, INVALID, null, null, body, null);
    };
  }

  static ApiFailure overloaded(Duration retryAfter) {
    return new ApiFailure(
        503,
        SERVER,
        "server_is_overloaded",
        null,
        "The queue is full; try again later.",
        retryAfter);
  }

  static ApiFailure unavailable(Duration retryAfter) {
    return new ApiFailure(
        503, SERVER, null, null, "The runner is going down; try another.", retryAfter);
  }

  static ApiFailure restarting() {
    return new ApiFailure(
        503, SERVER, null, null, "The runner hangs and is being restarted; try again.", SOON);
  }

  static ApiFailure noModel(Duration retryAfter) {
    return new ApiFailure(503, SERVER, null, null, "No model is loaded.", retryAfter);
  }

  static ApiFailure unauthorized() {
    return new ApiFailure(
        401,
        INVALID,
        "invalid_api_key",
        null,
        "Send the runner's token as 'Authorization: Bearer …'.",
        null);
  }

  static ApiFailure modelNotFound(String model) {
    return new ApiFailure(
        404,
        INVALID,
        "model_not_found",
        "model",
        "This runner has no model '%s'.".formatted(model),
        null);
  }

  static ApiFailure stillLoading(String model) {
    return new ApiFailure(
        503,
        SERVER,
        "model_loading",
        null,
        "The model '%s' is still being loaded; try again later.".formatted(model),
        SOON);
  }

  static ApiFailure notLoadable(String model, String reason, Duration retryAfter) {
    return new ApiFailure(
        503,
        SERVER,
        "model_not_loadable",
        null,
        "The model '%s' cannot be loaded: %s".formatted(model, reason),
        retryAfter);
  }

  static ApiFailure noRoom(String model) {
    return new ApiFailure(
        503,
        SERVER,
        "server_is_overloaded",
        null,
        "There is no memory for the model '%s' while others are in use; try again later."
            .formatted(model),
        SOON);
  }

  private static ApiFailure noRoomForAdapter(long needed) {
    return new ApiFailure(
        503,
        SERVER,
        "server_is_overloaded",
        null,
        "There is no memory for the adapter's %d MB while others are in use; try again later."
            .formatted(Math.max(1, megabytes(needed))),
        SOON);
  }

  static ApiFailure modelTooLarge(String model, long needed, long available) {
    return new ApiFailure(
        409,
        INVALID,
        "model_too_large",
        "model",
        "The model '%s' needs %d MB of memory; this runner may use %d MB beside what is pinned."
            .formatted(model, megabytes(needed), megabytes(available)),
        null);
  }

  private static long megabytes(long bytes) {
    return bytes >> 20;
  }

  static ApiFailure wrongRole(String model, String wanted) {
    return new ApiFailure(
        400,
        INVALID,
        "invalid_value",
        "model",
        "The model '%s' is not for %s.".formatted(model, wanted),
        null);
  }

  static ApiFailure notFound() {
    return new ApiFailure(404, INVALID, null, null, "There is no such path.", null);
  }

  static ApiFailure wrongMethod(String allowed) {
    return new ApiFailure(405, INVALID, null, null, "Use " + allowed + " here.", null);
  }

  static ApiFailure tooLarge(long limit) {
    return new ApiFailure(
        413, INVALID, null, null, "The body has more than %d bytes.".formatted(limit), null);
  }

  static ApiFailure bodyTimedOut() {
    return new ApiFailure(408, INVALID, null, null, "The body did not arrive in time.", null);
  }

  Buffer body() {
    return Json.object(json -> {
      json.writeObjectFieldStart("error");
      json.writeStringField("message", message);
      json.writeStringField("type", type);
      json.writeStringField("param", param);
      json.writeStringField("code", code);
      json.writeEndObject();
    });
  }
}
