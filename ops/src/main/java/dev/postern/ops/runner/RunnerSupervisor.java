package dev.postern.ops.runner;

import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.process.Child;
import dev.postern.ops.process.ChildJvm;
import dev.postern.ops.process.Command;
import dev.postern.ops.process.Supervisor;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the runner as a JVM of its own, so that a crash in native code costs its requests in flight
 * and nothing else. Started again when it ends; ends with this JVM, however that ends.
 */
public final class RunnerSupervisor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RunnerSupervisor.class);
  private static final String MAIN = "dev.postern.runners.server.RunnerMain";
  private static final String LISTENING = "listening ";
  private static final int FIRST_ATTEMPTS = 2;

  private final RunnerLaunch launch;
  private final Consumer<URI> serves;
  private final Runnable down;
  private final BoundedLog output;
  private final Supervisor supervisor;
  private volatile @Nullable URI address;

  /**
   * @param serves told the address at the first start and after each restart
   * @param down told when the process has ended unasked
   */
  public RunnerSupervisor(RunnerLaunch launch, Consumer<URI> serves, Runnable down) {
    this.launch = launch;
    this.serves = serves;
    this.down = down;
    this.output = new BoundedLog(launch.log(), 5L << 20);
    this.supervisor = new Supervisor(new Runner(), output, FIRST_ATTEMPTS);
  }

  /** Completes when the runner listens for the first time. */
  public CompletableFuture<Void> start() {
    return supervisor.start();
  }

  public boolean ready() {
    return supervisor.ready();
  }

  /** The runner's process id, or -1 while it is being started again. */
  public long pid() {
    return supervisor.pid();
  }

  @Override
  public void close() {
    supervisor.close();
    output.close();
  }

  /** Kills a runner that no longer answers; it is then started again. */
  public void killHanging() {
    supervisor.killHanging();
  }

  private List<String> words() {
    var words = new ArrayList<String>();
    if (Command.onPath("setsid")) {
      // Ctrl-C reaches a terminal's whole process group; the gateway drains before its runner
      // stops.
      words.add("setsid");
    }
    words.addAll(ChildJvm.tie());
    words.addAll(ChildJvm.java(launch.heapMegabytes()));
    words.addAll(List.of("-Xms48m", "-Xmn24m"));
    var cache = System.getProperty("postern.runner.aot");
    if (System.getProperty("postern.rehearsal") != null) {
      words.add("-XX:AOTCacheOutput=" + cache);
    } else if (cache != null && Files.exists(Path.of(cache))) {
      words.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off", "-Xlog:cds=off"));
    }
    words.add(MAIN);
    var place = launch.place();
    words.addAll(List.of("--host", place.host(), "--port", "" + place.port()));
    words.addAll(List.of("--device", place.device(), "--stdin-lifeline"));
    if (place.memory() != null) {
      words.addAll(List.of("--memory", place.memory()));
    }
    for (var model : launch.models().get()) {
      words.add(
          switch (model.role()) {
            case CHAT -> "--chat";
            case EMBEDDING -> "--embed";
            case CLASSIFIER -> "--classify";
            case RERANKER -> "--rerank";
          });
      words.add(model.name() + "=" + model.folder());
    }
    return words;
  }

  private final class Runner implements Child {
    @Override
    public String name() {
      return "runner " + launch.name();
    }

    @Override
    public ProcessBuilder command() {
      var builder = new ProcessBuilder(words());
      // The token is in the environment because a command line can be read by every user.
      builder.environment().put("POSTERN_RUNNER_TOKEN", launch.token());
      return builder;
    }

    @Override
    public boolean saysReady(String line) {
      if (!line.startsWith(LISTENING)) {
        return false;
      }
      address =
          URI.create(
              "http://%s:%s"
                  .formatted(
                      launch.place().reachableHost(), line.substring(LISTENING.length()).strip()));
      return true;
    }

    @Override
    public void onReady() {
      var current = address;
      if (current != null) {
        log.info("runner {} serves at {}", launch.name(), current);
        serves.accept(current);
      }
    }

    @Override
    public void onDown(int exit) {
      address = null;
      down.run();
    }

    @Override
    public void requestStop(Process process) {
      // Process.destroy would close its output too, and with it what it says while it stops.
      process.toHandle().destroy();
    }

    @Override
    public Duration startLimit() {
      return Duration.ofMinutes(2);
    }

    @Override
    public Duration stopLimit() {
      // A rehearsal's JVM writes its cache when it ends.
      return Duration.ofSeconds(System.getProperty("postern.rehearsal") == null ? 10 : 120);
    }
  }
}
