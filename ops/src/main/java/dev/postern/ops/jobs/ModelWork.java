package dev.postern.ops.jobs;

import dev.postern.gateway.admin.InstalledModel;
import dev.postern.gateway.admin.InstalledModels;
import dev.postern.gateway.admin.ModelJobs;
import dev.postern.ops.Home;
import dev.postern.ops.HomeModels;
import dev.postern.ops.UsageException;
import dev.postern.ops.process.BoundedLog;
import dev.postern.tenancy.Ids;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.HashSet;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The models of a home and the jobs on them; measures by itself what has not been measured. */
public final class ModelWork implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ModelWork.class);
  private static final long LOG_LIMIT = 2L << 20;
  private static final Duration LOOK_PERIOD = Duration.ofMinutes(1);

  /** Processor time of a runner, in seconds a look, up to which nobody uses it. */
  private static final double QUIET = 2;

  private final HomeModels models;
  private final HomeShelf shelf;
  private final JobQueue jobs;
  private final BoundedLog output;
  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("models-to-measure").factory());

  // Below: the looks' thread only.
  private double processorTime = Double.POSITIVE_INFINITY;
  private final Set<String> tried = new HashSet<>();

  private ModelWork(HomeModels models, HomeShelf shelf, JobQueue jobs, BoundedLog output) {
    this.models = models;
    this.shelf = shelf;
    this.jobs = jobs;
    this.output = output;
  }

  /**
   * @param cache where the models lie
   */
  public static ModelWork open(
      Vertx vertx, Home home, HomeModels models, Path cache, InstantSource clock)
      throws IOException {
    var output = new BoundedLog(home.logs().resolve("jobs.log"), LOG_LIMIT);
    var jobs =
        JobQueue.open(
            home.jobs(), new StudyProcess.Starter(home, cache, output), new Ids(clock), clock);
    return new ModelWork(models, new HomeShelf(vertx, models, cache), jobs, output);
  }

  public InstalledModels models() {
    return shelf;
  }

  public ModelJobs jobs() {
    return jobs;
  }

  /**
   * Measures served models that have no row yet, once each, while nobody asks them anything.
   *
   * @param runnerTime processor time that the runner has taken since its start, in seconds; empty
   *     while it does not answer
   */
  public void measureWhenQuiet(Supplier<OptionalDouble> runnerTime) {
    long period = LOOK_PERIOD.toMillis();
    looks.scheduleWithFixedDelay(() -> look(runnerTime), period, period, TimeUnit.MILLISECONDS);
  }

  private void look(Supplier<OptionalDouble> runnerTime) {
    try {
      double before = processorTime;
      processorTime = runnerTime.get().orElse(Double.POSITIVE_INFINITY);
      if (processorTime - before < QUIET && !jobs.busy()) {
        measureNext();
      }
    } catch (IOException | RuntimeException e) {
      log.info("no model is measured for now: {}", e.toString());
    }
  }

  private void measureNext() throws IOException {
    for (var entry : models.present()) {
      var model = shelf.model(entry);
      if (unmeasured(model) && tried.add(model.version().digest()) && sourceIsThere(model)) {
        jobs.start(model.name(), null);
        return;
      }
    }
  }

  private static boolean unmeasured(InstalledModel model) {
    return model.formats().stream().anyMatch(format -> format.served() && format.quality() == null);
  }

  private boolean sourceIsThere(InstalledModel model) throws IOException {
    try {
      models.source(model.name());
      return true;
    } catch (UsageException gone) {
      return false;
    }
  }

  @Override
  public void close() {
    looks.shutdownNow();
    jobs.close();
    output.close();
  }
}
