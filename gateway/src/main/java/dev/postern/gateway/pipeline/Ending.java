package dev.postern.gateway.pipeline;

import io.vertx.core.buffer.Buffer;

/** What is still to be sent once a call's usage is on record. */
public sealed interface Ending {
  /** A whole answer, JSON. */
  record Document(Buffer json) implements Ending {}

  /** The last events of a stream, {@code [DONE]} included. */
  record LastEvents(Buffer events) implements Ending {}

  /**
   * The call failed: an error document, or where a stream has begun an error event and the close.
   */
  record Failed(Throwable cause) implements Ending {}

  /** There is nobody to send anything to. */
  record ClientGone() implements Ending {}
}
