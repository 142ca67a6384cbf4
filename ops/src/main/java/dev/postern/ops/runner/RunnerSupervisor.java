package dev.postern.ops.runner;

import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.process.Child;
import dev.postern.ops.process.Command;
import dev.postern.ops.process.Supervisor;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs the runner as a JVM of its own, so that a crash in native code costs its requests in flight
 * and nothing else. Started again when it ends or no longer answers; ends with this JVM, however
 * that ends.
 */
public final class RunnerSupervisor implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RunnerSupervisor.class);
  private static final String MAIN = "dev.postern.runners.server.RunnerMain";
  private static final String LISTENING = "listening ";
  private static final Duration HEALTH_PERIOD = Duration.ofSeconds(2);
  private static final Duration HEALTH_LIMIT = Duration.ofSeconds(5);
  private static final int MISSED_ANSWERS = 3;
  private static final int FIRST_ATTEMPTS = 2;

  private final RunnerLaunch launch;
  private final Consumer<URI> serves;
  private final BoundedLog output;
  private final Supervisor supervisor;
  private final ScheduledExecutorService watch =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("runner-health").factory());
  private volatile @Nullable URI address;
  private int missed;

  /**
   * @param serves told the address at the first start and after each restart
   */
  public RunnerSupervisor(RunnerLaunch launch, Consumer<URI> serves) {
    this.launch = launch;
    this.serves = serves;
    this.output = new BoundedLog(launch.log(), 5L << 20);
    this.supervisor = new Supervisor(new Runner(), output, FIRST_ATTEMPTS);
  }

  /** Completes when the runner listens for the first time. */
  public CompletableFuture<Void> start() {
    watch.scheduleWithFixedDelay(
        this::askHealth, HEALTH_PERIOD.toMillis(), HEALTH_PERIOD.toMillis(), TimeUnit.MILLISECONDS);
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
    watch.shutdownNow();
    supervisor.close();
    output.close();
  }

  private void askHealth() {
    var current = address;
    if (current == null || !supervisor.ready()) {
      missed = 0;
      return;
    }
    if (answers(current)) {
      missed = 0;
    } else if (++missed >= MISSED_ANSWERS) {
      missed = 0;
      supervisor.killHanging();
    }
  }

  private static boolean answers(URI runner) {
    try {
      var connection = (HttpURLConnection) runner.resolve("/healthz").toURL().openConnection();
      connection.setConnectTimeout((int) HEALTH_LIMIT.toMillis());
      connection.setReadTimeout((int) HEALTH_LIMIT.toMillis());
      try {
        return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
      } finally {
        connection.disconnect();
      }
    } catch (IOException e) {
      return false;
    }
  }

  private List<String> words() {
    var words = new ArrayList<String>();
    if (Command.onPath("setsid")) {
      // Ctrl-C reaches a terminal's whole process group; the gateway drains before its runner
      // stops.
      words.add("setsid");
    }
    if (Command.onPath("setpriv")) {
      words.addAll(List.of("setpriv", "--pdeathsig", "KILL"));
    }
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(
        List.of(
            "-Xmx" + launch.heapMegabytes() + "m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"));
    var cache = System.getProperty("postern.runner.aot");
    if (cache != null && Files.exists(Path.of(cache))) {
      words.addAll(List.of("-XX:AOTCache=" + cache, "-Xlog:aot=off", "-Xlog:cds=off"));
    }
    words.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
    words.addAll(List.of("--port", "0", "--stdin-lifeline"));
    launch.chat().forEach(model -> words.addAll(option("--chat", model)));
    launch.embedding().forEach(model -> words.addAll(option("--embed", model)));
    return words;
  }

  private static List<String> option(String name, RunnerLaunch.Model model) {
    return List.of(name, model.name() + "=" + model.folder());
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
      address = URI.create("http://127.0.0.1:" + line.substring(LISTENING.length()).strip());
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
    }

    @Override
    public void requestStop(Process process) {
      process.destroy();
    }

    @Override
    public Duration startLimit() {
      return Duration.ofMinutes(2);
    }

    @Override
    public Duration stopLimit() {
      return Duration.ofSeconds(10);
    }
  }
}
