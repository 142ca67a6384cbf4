package dev.postern.tenancy;

/** Carries a {@link TenancyFailure}. Without a stack trace: these are answers, not faults. */
public final class TenancyException extends RuntimeException {
  private final transient TenancyFailure failure;

  public TenancyException(TenancyFailure failure) {
    super(failure.toString(), null, false, false);
    this.failure = failure;
  }

  public TenancyFailure failure() {
    return failure;
  }
}
