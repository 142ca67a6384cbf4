package dev.postern.runners.server;

import ai.onnxruntime.OrtEnvironment;
import dev.postern.runners.engine.Device;
import dev.postern.runners.engine.EngineConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A runner as a process of its own: loads its models, serves, prints {@code listening PORT}, and on
 * SIGTERM finishes what it is generating.
 */
public final class RunnerMain {
  private static final Logger LOG = LoggerFactory.getLogger(RunnerMain.class);
  private static final String TOKEN = "POSTERN_RUNNER_TOKEN";
  private static final int WRONG_USE = 2;

  private RunnerMain() {}

  public static void main(String... words) {
    RunnerOptions options;
    try {
      options = RunnerOptions.parse(words);
    } catch (RunnerOptions.Wrong e) {
      System.err.println(e.getMessage());
      System.err.println(RunnerOptions.USAGE);
      System.exit(WRONG_USE);
      return;
    }
    try {
      start(options);
    } catch (Exception e) {
      LOG.error("the runner cannot start", e);
      System.err.println("the runner cannot start: " + e.getMessage());
      System.exit(1);
    }
  }

  private static void start(RunnerOptions options) throws Exception {
    // Each takes a while to come up, and a runner that was killed should be back soon.
    Thread.ofPlatform().name("onnxruntime").start(OrtEnvironment::getEnvironment);
    var comingUp =
        CompletableFuture.supplyAsync(
            () -> Vertx.vertx(smallOptions()), task -> Thread.ofPlatform().start(task));
    var given = System.getenv(TOKEN);
    var token = given == null || given.isBlank() ? null : given.strip();
    var config = RunnerServerConfig.defaults(token).withAddress(options.host(), options.port());
    var device = Device.settle(options.engine());
    LOG.info("computing on {}{}", device.name(), device.note() == null ? "" : ": " + device.note());
    var memory = new MemoryBudget(options.modelBytes(device));
    var loader =
        new OnnxModels(
            device.isProcessor()
                ? options.engine().withProvider(EngineConfig.Provider.CPU)
                : options.engine(),
            memory);
    var models = new StartingModels(loader, memory).load(options.models());
    var vertx = comingUp.join();
    var server =
        new RunnerServer(
            config,
            new RunnerServer.Opening(
                loader,
                device,
                memory,
                models,
                new Watchdog(options.stepLimit(), Runtime.getRuntime()::halt),
                InstantSource.system()),
            CpuTimes::process);
    vertx
        .deployVerticle(server)
        .toCompletionStage()
        .toCompletableFuture()
        .get(30, TimeUnit.SECONDS);
    var ending = new Ending(vertx, server, config);
    ending.onSignals();
    if (options.lifeline()) {
      Thread.ofPlatform().name("lifeline").daemon().start(() -> endWithParent(ending));
    }
    System.out.println("listening " + server.port());
  }

  /** One event loop serves a runner; the engine has its own threads. */
  private static VertxOptions smallOptions() {
    return new VertxOptions()
        .setEventLoopPoolSize(1)
        .setWorkerPoolSize(2)
        .setInternalBlockingPoolSize(1)
        .setFileSystemOptions(
            new FileSystemOptions()
                .setFileCachingEnabled(false)
                .setClassPathResolvingEnabled(false));
  }

  private static void endWithParent(Ending ending) {
    try {
      while (System.in.read() >= 0) {
        // Nothing is said on it; only its end counts.
      }
    } catch (IOException e) {
      LOG.debug("standard input is gone", e);
    }
    ending.run();
  }
}
