package dev.postern.gateway.testing;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerPool.TokenStream;
import io.vertx.core.buffer.Buffer;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** A runner's stream that a test plays by hand. */
public final class FakeStream implements TokenStream {
  public boolean paused;
  public boolean cancelled;
  private Consumer<List<Buffer>> onEvents = events -> {};
  private Runnable onEnd = () -> {};
  private Consumer<RunnerException> onFailure = failure -> {};

  public void events(String... json) {
    onEvents.accept(Stream.of(json).map(Buffer::buffer).toList());
  }

  public void end() {
    onEnd.run();
  }

  public void fail(RunnerException failure) {
    onFailure.accept(failure);
  }

  @Override
  public void start(
      Consumer<List<Buffer>> events, Runnable end, Consumer<RunnerException> failure) {
    onEvents = events;
    onEnd = end;
    onFailure = failure;
  }

  @Override
  public void pause() {
    paused = true;
  }

  @Override
  public void resume() {
    paused = false;
  }

  @Override
  public void cancel() {
    cancelled = true;
  }
}
