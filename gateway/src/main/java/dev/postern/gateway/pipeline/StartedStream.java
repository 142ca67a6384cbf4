package dev.postern.gateway.pipeline;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerPool.TokenStream;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.function.Consumer;

/**
 * A stream that has already brought its first events, which it keeps for whoever starts it. Until
 * they are here a failure is one of the runner alone, and another runner may be asked.
 */
final class StartedStream implements TokenStream {
  private final TokenStream source;
  private final Promise<TokenStream> begun = Promise.promise();
  private Consumer<List<Buffer>> onEvents = this::keepFirst;
  private Runnable onEnd = this::endWithoutEvents;
  private Consumer<RunnerException> onFailure = begun::tryFail;
  private List<Buffer> first = List.of();
  private boolean over;
  private boolean readerPaused;

  private StartedStream(TokenStream source) {
    this.source = source;
  }

  /** Completes with the stream, paused; fails when it breaks off before or its client leaves. */
  static Future<TokenStream> awaitFirstEvent(TokenStream source, Future<Void> clientGone) {
    var started = new StartedStream(source);
    clientGone.onComplete(gone -> started.abandon());
    source.start(
        events -> started.onEvents.accept(events),
        () -> started.onEnd.run(),
        failure -> started.onFailure.accept(failure));
    return started.begun.future();
  }

  private void keepFirst(List<Buffer> events) {
    source.pause();
    first = events;
    begun.tryComplete(this);
  }

  private void endWithoutEvents() {
    over = true;
    begun.tryComplete(this);
  }

  private void abandon() {
    if (begun.tryFail("the client is gone")) {
      source.cancel();
    }
  }

  @Override
  public void start(
      Consumer<List<Buffer>> events, Runnable end, Consumer<RunnerException> failure) {
    onEvents = events;
    onEnd = end;
    onFailure = failure;
    events.accept(first);
    first = List.of();
    if (over) {
      end.run();
    } else if (!readerPaused) {
      source.resume();
    }
  }

  @Override
  public void pause() {
    readerPaused = true;
    source.pause();
  }

  @Override
  public void resume() {
    readerPaused = false;
    source.resume();
  }

  @Override
  public void cancel() {
    source.cancel();
  }
}
