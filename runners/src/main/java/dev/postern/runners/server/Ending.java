package dev.postern.runners.server;

import io.vertx.core.Vertx;
import java.lang.reflect.Proxy;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends the process when what it generates is finished.
 *
 * <p>Not by a shutdown hook: ONNX Runtime has one of its own that frees its memory, hooks run side
 * by side, and a generation that still runs would then abort the process.
 */
final class Ending implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Ending.class);

  private final Vertx vertx;
  private final RunnerServer server;
  private final RunnerServerConfig config;
  private final AtomicBoolean begun = new AtomicBoolean();

  Ending(Vertx vertx, RunnerServer server, RunnerServerConfig config) {
    this.vertx = vertx;
    this.server = server;
    this.config = config;
  }

  /**
   * Takes SIGTERM and SIGINT away from the virtual machine, which would start the hooks at once.
   */
  void onSignals() {
    try {
      // By reflection: javac warns of this class wherever its name stands.
      var signal = Class.forName("sun.misc.Signal");
      var handler = Class.forName("sun.misc.SignalHandler");
      var onSignal =
          Proxy.newProxyInstance(
              Ending.class.getClassLoader(),
              new Class<?>[] {handler},
              (_, method, _) -> {
                if (method.getName().equals("handle")) {
                  Thread.ofPlatform().name("ending").start(this);
                }
                return null;
              });
      for (var name : new String[] {"TERM", "INT"}) {
        signal
            .getMethod("handle", signal, handler)
            .invoke(null, signal.getConstructor(String.class).newInstance(name), onSignal);
      }
    } catch (ReflectiveOperationException e) {
      LOG.warn("signals end this process without draining it", e);
    }
  }

  @Override
  public void run() {
    if (!begun.compareAndSet(false, true)) {
      return;
    }
    try {
      server
          .drain()
          .toCompletionStage()
          .toCompletableFuture()
          .get(config.drainTime().toSeconds() + 1, TimeUnit.SECONDS);
      vertx.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      LOG.warn("not everything ended in time", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    Runtime.getRuntime().halt(0);
  }
}
