package dev.postern.gateway.testing;

import dev.postern.gateway.pipeline.Client;
import dev.postern.gateway.pipeline.Ending;
import dev.postern.tenancy.Principal;
import dev.postern.tenancy.RateLimitStatus;
import dev.postern.tenancy.UsageEvent;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A client that keeps what it was sent and is as slow as a test wants. */
public final class FakeClient implements Client {
  public final List<String> writes = new ArrayList<>();
  public final List<UsageEvent> metered = new ArrayList<>();
  public final Promise<Void> gone = Promise.promise();
  public boolean congested;
  public @Nullable Ending ending;
  private Runnable onDrain = () -> {};
  private final Buffer body;

  public FakeClient(String body) {
    this.body = Buffer.buffer(body);
  }

  public void drain() {
    congested = false;
    onDrain.run();
  }

  @Override
  public Future<Buffer> body() {
    return Future.succeededFuture(body);
  }

  @Override
  public void identified(Principal principal) {}

  @Override
  public void admitted(RateLimitStatus limits) {}

  @Override
  public Future<Void> gone() {
    return gone.future();
  }

  @Override
  public void stream(Buffer events) {
    writes.add(events.toString());
  }

  @Override
  public boolean congested() {
    return congested;
  }

  @Override
  public void onDrain(Runnable action) {
    onDrain = action;
  }

  @Override
  public void metered(UsageEvent event) {
    metered.add(event);
  }

  @Override
  public void finish(Ending last) {
    ending = last;
  }
}
