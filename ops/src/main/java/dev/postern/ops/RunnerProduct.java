package dev.postern.ops;

import dev.postern.ops.process.BoundedLog;
import dev.postern.ops.runner.RunnerPlace;
import dev.postern.ops.runner.StandaloneRunner;
import dev.postern.ops.telemetry.JsonLines;
import dev.postern.ops.telemetry.LogFile;
import dev.postern.runners.importer.DefaultModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** A runner without a gateway, for gateways on other machines. */
public final class RunnerProduct {
  private static final long LOG_LIMIT = 10L << 20;
  private static final long READY_SECONDS = 180;

  private RunnerProduct() {}

  /**
   * Runs until a signal ends it.
   *
   * @param places one for each device
   * @param cuda whether one of them is a CUDA device
   * @param folders by the name that clients call; none serves the models of the home
   */
  public static void runUntilStopped(
      Home home,
      PosternConfig config,
      List<RunnerPlace> places,
      boolean cuda,
      Map<String, Path> folders,
      Progress progress)
      throws Exception {
    var stop = new CountDownLatch(1);
    Signals.onStop(stop::countDown);
    home.create();
    try (var _ = InstanceLock.take(home)) {
      LogFile.install(
          new BoundedLog(home.logs().resolve("runner-supervisor.log"), LOG_LIMIT), new JsonLines());
      var models = models(home, cuda, folders, progress);
      var token = new Secrets(home.secrets()).runnerToken();
      var heap = config.runnerMemory().count();
      try (var running = new Closing()) {
        for (int number = 0; number < places.size(); number++) {
          var place = places.get(number);
          var runner = new StandaloneRunner(place, models, token, heap, home.runnerLog(number));
          running.add("the runner on " + place.device(), runner);
          var address = runner.start().get(READY_SECONDS, TimeUnit.SECONDS);
          welcome(home, address.toString(), place, models).forEach(progress::plain);
        }
        stop.await();
        progress.line("Stopping …");
      }
    }
    progress.line("Stopped.");
  }

  private static List<HomeModels.Entry> models(
      Home home, boolean cuda, Map<String, Path> folders, Progress progress)
      throws IOException {
    var homeModels =
        new HomeModels(home, DefaultModels.userCache(), cuda, InstantSource.system());
    var models = new ArrayList<HomeModels.Entry>();
    if (folders.isEmpty()) {
      models.add(homeModels.chat(new ImportBar(progress, HomeModels.CHAT)));
      models.add(homeModels.embedding(new ImportBar(progress, HomeModels.EMBEDDING)));
      models.addAll(homeModels.imported());
      return models;
    }
    for (var folder : folders.entrySet()) {
      if (!Files.isDirectory(folder.getValue())) {
        throw new UsageException("there is no folder " + folder.getValue());
      }
      models.add(homeModels.open(folder.getKey(), folder.getValue()));
    }
    return models;
  }

  private static List<String> welcome(
      Home home, String address, RunnerPlace place, List<HomeModels.Entry> models) {
    var served =
        models.stream()
            .map(model ->
                model.name() + " (" + model.version().role().name().toLowerCase(Locale.ROOT) + ")")
            .collect(Collectors.joining(", "));
    return List.of(
        "",
        "The runner is ready.",
        "",
        "  Address   " + address,
        "  Device    " + place.device(),
        "  Models    " + served,
        "  Token     " + Secrets.RUNNER_TOKEN_SOURCE.formatted(home.secrets()),
        "",
        "  A gateway elsewhere, with the same token:",
        "    ./postern up --role gateway --runner " + address,
        "");
  }
}
