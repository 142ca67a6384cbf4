package dev.postern.registry;

/** Carries a {@link RegistryFailure}. Without a stack trace: these are answers, not faults. */
public final class RegistryException extends RuntimeException {
  private final transient RegistryFailure failure;

  public RegistryException(RegistryFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }

  public RegistryFailure failure() {
    return failure;
  }
}
