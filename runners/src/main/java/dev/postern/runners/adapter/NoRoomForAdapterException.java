package dev.postern.runners.adapter;

/** An adapter does not fit into memory beside those in use. */
public final class NoRoomForAdapterException extends RuntimeException {
  private final long needed;

  /**
   * @param needed bytes, with those of the session that runs adapters where that is not open yet
   */
  public NoRoomForAdapterException(long needed) {
    super("there is no room for %d bytes of an adapter".formatted(needed), null, false, false);
    this.needed = needed;
  }

  public long needed() {
    return needed;
  }
}
