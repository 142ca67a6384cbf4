package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import dev.postern.tenancy.RateLimitStatus;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.event.Level;

/**
 * A failure in the words of the OpenAI API.
 *
 * @param code machine-readable reason, null where the API knows none
 * @param param the field of the request that is at fault
 * @param level how loudly the failure is logged
 * @param retryAfter when a retry may help; null says nothing
 * @param retryHelps false tells clients that a retry is useless; null leaves it to the status
 * @param limits the state of the caller's limits, for refusals by one
 */
public record ErrorAnswer(
    int status,
    String type,
    @Nullable String code,
    @Nullable String param,
    String message,
    Level level,
    @Nullable Duration retryAfter,
    @Nullable Boolean retryHelps,
    @Nullable RateLimitStatus limits) {

  static ErrorAnswer badRequest(String message, @Nullable String param, @Nullable String code) {
    return refusal(400, "invalid_request_error", message, param, code);
  }

  static ErrorAnswer refusal(
      int status, String type, String message, @Nullable String param, @Nullable String code) {
    return new ErrorAnswer(status, type, code, param, message, Level.DEBUG, null, null, null);
  }

  static ErrorAnswer serverError(int status, String message, @Nullable String code, Level level) {
    return new ErrorAnswer(status, "server_error", code, null, message, level, null, null, null);
  }

  ErrorAnswer retryAfter(Duration wait) {
    return new ErrorAnswer(status, type, code, param, message, level, wait, retryHelps, limits);
  }

  ErrorAnswer retryHelps(boolean helps) {
    return new ErrorAnswer(status, type, code, param, message, level, retryAfter, helps, limits);
  }

  ErrorAnswer limits(RateLimitStatus now) {
    return new ErrorAnswer(status, type, code, param, message, level, retryAfter, retryHelps, now);
  }

  /** {@code {"error":{…}}} with all four fields, on one line. */
  public Buffer body() {
    var json = new StringBuilder(128 + message.length());
    json.append("{\"error\":{\"message\":");
    appendQuoted(json, message);
    json.append(",\"type\":");
    appendQuoted(json, type);
    json.append(",\"param\":");
    appendQuoted(json, param);
    json.append(",\"code\":");
    appendQuoted(json, code);
    return Buffer.buffer(json.append("}}").toString());
  }

  private static void appendQuoted(StringBuilder json, @Nullable String text) {
    if (text == null) {
      json.append("null");
      return;
    }
    json.append('"');
    JsonStringEncoder.getInstance().quoteAsString(text, json);
    json.append('"');
  }
}
