package dev.postern.ops.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one child process running: starts it, reads its output into a log, starts it again when it
 * ends unasked, at once the first time and then with a growing pause.
 *
 * <p>One thread does all of it and lives as long as the child is wanted: the kernel's parent-death
 * signal, which ends the child when this JVM is killed, follows the thread that started it.
 */
public final class Supervisor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Supervisor.class);
  private static final Duration SHORTEST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  private final Child child;
  private final BoundedLog output;
  private final int firstAttempts;
  private final CompletableFuture<Void> firstReady = new CompletableFuture<>();
  private final CountDownLatch stopped = new CountDownLatch(1);
  private final Thread thread;
  private volatile @Nullable Process process;
  private volatile boolean ready;

  /**
   * @param firstAttempts how often the very first start is tried before {@link #firstReady} fails
   */
  public Supervisor(Child child, BoundedLog output, int firstAttempts) {
    this.child = child;
    this.output = output;
    this.firstAttempts = firstAttempts;
    this.thread =
        Thread.ofPlatform().daemon().name(child.name() + "-supervisor").unstarted(this::run);
  }

  /**
   * Starts the child.
   *
   * @return completes when it serves for the first time, fails when it does not come up
   */
  public CompletableFuture<Void> start() {
    thread.start();
    return firstReady;
  }

  /** Whether the child serves now. */
  public boolean ready() {
    return ready;
  }

  /** The child's process id, or -1 while there is none. */
  public long pid() {
    var current = process;
    return current == null ? -1 : current.pid();
  }

  /** Kills a child that no longer answers; it is then started again like any that ended. */
  public void killHanging() {
    var current = process;
    if (current != null) {
      log.warn("{} does not answer: killing process {}", child.name(), current.pid());
      current.destroyForcibly();
    }
  }

  /** Ends the child and waits for its end. */
  @Override
  public void close() {
    stopped.countDown();
    var current = process;
    try {
      if (current != null && current.isAlive()) {
        stop(current);
      }
      thread.join(child.stopLimit());
    } catch (InterruptedException e) {
      if (current != null) {
        current.destroyForcibly();
      }
      Thread.currentThread().interrupt();
    }
  }

  private void stop(Process current) throws InterruptedException {
    try {
      child.requestStop(current);
    } catch (IOException e) {
      log.warn("{} could not be asked to stop", child.name(), e);
    }
    if (!current.waitFor(child.stopLimit().toMillis(), TimeUnit.MILLISECONDS)) {
      log.warn("{} did not stop within {}: killing it", child.name(), child.stopLimit());
      current.destroyForcibly().waitFor();
    }
  }

  private void run() {
    var pause = SHORTEST_PAUSE;
    int attempt = 0;
    try {
      while (!stopping()) {
        attempt++;
        boolean served = runOnce();
        if (stopping()) {
          return;
        }
        if (!firstReady.isDone() && attempt >= firstAttempts) {
          firstReady.completeExceptionally(
              new IOException(
                  child.name()
                      + " did not start; the end of "
                      + output.file()
                      + ":\n"
                      + String.join("\n", output.lastLines())));
          return;
        }
        pause = served ? SHORTEST_PAUSE : longer(pause);
        // Ends early when close() is called.
        boolean told = stopped.await(pause.toMillis(), TimeUnit.MILLISECONDS);
        if (told) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      firstReady.completeExceptionally(new IOException(child.name() + " was stopped"));
    }
  }

  private static Duration longer(Duration pause) {
    var doubled = pause.multipliedBy(2);
    return doubled.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : doubled;
  }

  /** Runs the child to its end. Returns whether it served. */
  private boolean runOnce() throws InterruptedException {
    Process current;
    try {
      current = child.command().redirectErrorStream(true).start();
    } catch (IOException e) {
      output.line("cannot start " + child.name() + ": " + e.getMessage());
      log.warn("{} cannot be started: {}", child.name(), e.getMessage());
      return false;
    }
    process = current;
    if (stopping()) {
      // close() may have looked before the process existed.
      stop(current);
    }
    killUnlessReady(current);
    boolean served = readToEnd(current);
    int exit = current.waitFor();
    boolean wasReady = ready;
    ready = false;
    if (!stopping()) {
      output.line(child.name() + " ended with exit code " + exit);
      if (wasReady) {
        log.warn("{} ended with exit code {}: starting it again", child.name(), exit);
        child.onDown(exit);
      }
    }
    return served;
  }

  private boolean readToEnd(Process current) {
    boolean served = false;
    try (var lines = new BufferedReader(new InputStreamReader(current.getInputStream(), UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        output.line(line);
        if (!served && child.saysReady(line)) {
          served = true;
          ready = true;
          child.onReady();
          firstReady.complete(null);
        }
      }
    } catch (IOException e) {
      output.line("the output of " + child.name() + " broke off: " + e.getMessage());
    }
    return served;
  }

  private void killUnlessReady(Process current) {
    CompletableFuture.delayedExecutor(child.startLimit().toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> {
          if (current.equals(process) && current.isAlive() && !ready && !stopping()) {
            killHanging();
          }
        });
  }

  private boolean stopping() {
    return stopped.getCount() == 0;
  }
}
