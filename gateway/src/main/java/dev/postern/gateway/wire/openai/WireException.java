package dev.postern.gateway.wire.openai;

/** Carries a {@link WireFailure}. Without a stack trace: these are answers, not faults. */
public final class WireException extends RuntimeException {
  private final transient WireFailure failure;

  public WireException(WireFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }

  public WireFailure failure() {
    return failure;
  }
}
