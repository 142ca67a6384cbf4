package dev.postern.ops.runner;

import dev.postern.ops.HomeModels;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A supervised runner that no gateway of this machine knows: started again when it ends or hangs.
 */
public final class StandaloneRunner implements AutoCloseable {
  private static final long LOOK_SECONDS = 2;

  private final RunnerSupervisor supervisor;
  private final Pulse pulse;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("runner-pulse").factory());
  private volatile @Nullable URI address;

  /**
   * @param log receives the process's output
   */
  public StandaloneRunner(
      RunnerPlace place, List<HomeModels.Entry> models, String token, int heapMegabytes, Path log) {
    var served = models.stream().map(RunnerLaunch.Model::of).toList();
    this.pulse = new Pulse(new JsonClient(token));
    this.supervisor =
        new RunnerSupervisor(
            new RunnerLaunch("runner", place, () -> served, token, heapMegabytes, log),
            uri -> address = uri,
            () -> address = null);
  }

  /** Completes with its address when it listens for the first time. */
  public CompletableFuture<URI> start() {
    thread.scheduleWithFixedDelay(this::look, LOOK_SECONDS, LOOK_SECONDS, TimeUnit.SECONDS);
    return supervisor
        .start()
        .thenApply(_ -> {
          var uri = address;
          if (uri == null) {
            throw new IllegalStateException("the runner ended as soon as it listened");
          }
          return uri;
        });
  }

  /** Whether its process serves. */
  public boolean ready() {
    return supervisor.ready();
  }

  public long pid() {
    return supervisor.pid();
  }

  @Override
  public void close() {
    thread.shutdownNow();
    supervisor.close();
  }

  private void look() {
    var uri = address;
    if (uri == null || !supervisor.ready()) {
      pulse.forget();
    } else if (!pulse.feel(uri) && pulse.lost()) {
      supervisor.killHanging();
    }
  }
}
