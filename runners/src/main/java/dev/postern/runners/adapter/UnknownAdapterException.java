package dev.postern.runners.adapter;

/** There is no adapter of this digest. */
public final class UnknownAdapterException extends RuntimeException {
  public UnknownAdapterException(String digest) {
    super("There is no adapter '%s'.".formatted(digest), null, false, false);
  }
}
