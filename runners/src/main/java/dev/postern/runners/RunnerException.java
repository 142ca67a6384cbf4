package dev.postern.runners;

/** Carries a {@link RunnerFailure}. */
public final class RunnerException extends RuntimeException {
  private final transient RunnerFailure failure;

  public RunnerException(RunnerFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }

  public RunnerFailure failure() {
    return failure;
  }
}
