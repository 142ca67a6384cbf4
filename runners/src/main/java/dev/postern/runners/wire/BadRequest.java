package dev.postern.runners.wire;

import org.jspecify.annotations.Nullable;

/**
 * The body of a request is not acceptable: HTTP 400 with these three fields in the error envelope.
 */
public final class BadRequest extends RuntimeException {
  private final @Nullable String param;
  private final @Nullable String code;

  /**
   * @param message what is wrong and how to fix it, for the caller's eyes
   * @param param the body field, such as {@code messages[0].role}
   * @param code such as {@code invalid_value}, {@code missing_required_parameter}, {@code
   *     invalid_json}
   */
  public BadRequest(String message, @Nullable String param, @Nullable String code) {
    super(message, null, false, false);
    this.param = param;
    this.code = code;
  }

  public @Nullable String param() {
    return param;
  }

  public @Nullable String code() {
    return code;
  }
}
