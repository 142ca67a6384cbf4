package dev.postern.gateway.pipeline;

import dev.postern.tenancy.Principal;
import dev.postern.tenancy.RateLimitStatus;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;

/** The other end of a call: where its body comes from and its answer goes. One event loop. */
public interface Client {

  /** The body, read when first asked for, within the server's limits. */
  Future<Buffer> body();

  /** The caller is known. */
  void identified(Principal principal);

  /** The call is admitted; every answer from here on tells the caller's limits. */
  void admitted(RateLimitStatus limits);

  /** Completes when the client went away before its answer was whole; otherwise never. */
  Future<Void> gone();

  /** Sends server-sent events; the first call sends the head of the stream. */
  void stream(Buffer events);

  /** True when the client reads more slowly than the events come. */
  boolean congested();

  /** Runs once, when a congested client can take more. */
  void onDrain(Runnable action);

  /** The usage event as it is being recorded, for the log and the metrics. */
  void metered(UsageEvent event);

  /** Sends the end of the answer. Called once, last. */
  void finish(Ending ending);
}
