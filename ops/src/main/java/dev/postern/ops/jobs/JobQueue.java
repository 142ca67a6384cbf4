package dev.postern.ops.jobs;

import dev.postern.gateway.admin.ModelJob;
import dev.postern.gateway.admin.ModelJob.State;
import dev.postern.gateway.admin.ModelJobs;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.TenancyFailure;
import dev.postern.tenancy.WireId;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job at a time, in the order they were asked for. States are kept in a file; a job that was
 * not at its end when Postern stopped, or was killed, is {@code INTERRUPTED} after the next start.
 */
final class JobQueue implements ModelJobs, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(JobQueue.class);

  static final int MOST_WAITING = 8;
  static final int MOST_KEPT = 50;
  private static final Duration STOP_LIMIT = Duration.ofSeconds(10);

  private final JobsFile file;
  private final Study.Starter starter;
  private final Ids ids;
  private final InstantSource clock;

  /** The processes that it starts are tied to its life. */
  private final Thread worker =
      Thread.ofPlatform().daemon().name("model-jobs").unstarted(this::work);

  /** Newest first. */
  private final List<ModelJob> jobs = new ArrayList<>();

  private @Nullable Running running;
  private boolean closed;

  private record Running(UUID id, Study study) {}

  private JobQueue(JobsFile file, Study.Starter starter, Ids ids, InstantSource clock) {
    this.file = file;
    this.starter = starter;
    this.ids = ids;
    this.clock = clock;
  }

  /**
   * @param file where they are kept
   */
  static JobQueue open(Path file, Study.Starter starter, Ids ids, InstantSource clock)
      throws IOException {
    var queue = new JobQueue(new JobsFile(file), starter, ids, clock);
    queue.jobs.addAll(queue.file.read());
    queue.interrupt();
    queue.worker.start();
    return queue;
  }

  @Override
  public synchronized ModelJob start(String model, ModelJob.@Nullable Target target) {
    var job =
        new ModelJob(
            ids.next(), model, target, State.QUEUED, "waiting", 0, null, null, now(), null, null);
    var open = jobs.stream().filter(other -> !other.state().ended()).toList();
    if (open.stream().anyMatch(job::sameWork)) {
      throw new TenancyException(
          new TenancyFailure.Conflict("A job that does the same has not ended yet."));
    }
    if (open.stream().filter(other -> other.state() == State.QUEUED).count() >= MOST_WAITING) {
      throw new WireException(new WireFailure.JobsFull(MOST_WAITING));
    }
    jobs.addFirst(job);
    forgetOld();
    save();
    notifyAll();
    return job;
  }

  private void forgetOld() {
    for (int i = jobs.size() - 1; i >= 0 && jobs.size() > MOST_KEPT; i--) {
      if (jobs.get(i).state().ended()) {
        jobs.remove(i);
      }
    }
  }

  @Override
  public synchronized Page<ModelJob> list(PageRequest page) {
    var after = page.after();
    int from = after == null ? 0 : index(after) + 1;
    int to = Math.min(jobs.size(), from + page.limit());
    return new Page<>(jobs.subList(from, to), to < jobs.size());
  }

  @Override
  public synchronized ModelJob get(UUID id) {
    return jobs.get(index(id));
  }

  @Override
  public synchronized ModelJob cancel(UUID id) {
    if (get(id).state().ended()) {
      throw new TenancyException(new TenancyFailure.Conflict("The job has ended."));
    }
    var cancelled = change(id, job -> ended(job, State.CANCELLED, null, null));
    if (running != null && id.equals(running.id())) {
      running.study().kill();
    }
    return cancelled;
  }

  private int index(UUID id) {
    return find(id).orElseThrow(() -> new TenancyException(WireId.JOB.notFound(id)));
  }

  private OptionalInt find(UUID id) {
    return IntStream.range(0, jobs.size()).filter(i -> jobs.get(i).id().equals(id)).findFirst();
  }

  private void work() {
    try {
      starter.clear();
      while (true) {
        var job = next();
        if (job.isEmpty()) {
          return;
        }
        run(job.get().id());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for one; empty when there will be no more. */
  private synchronized Optional<ModelJob> next() throws InterruptedException {
    while (!closed) {
      var oldest = jobs.reversed().stream().filter(job -> job.state() == State.QUEUED).findFirst();
      if (oldest.isPresent()) {
        return oldest;
      }
      wait();
    }
    return Optional.empty();
  }

  private void run(UUID id) throws InterruptedException {
    try {
      var study = begin(id);
      if (study.isPresent()) {
        var outcome = study.get().await(line -> told(id, line));
        boolean good = outcome.error() == null;
        finish(id, good ? State.COMPLETED : State.FAILED, outcome.digest(), outcome.error());
      }
    } catch (IOException | RuntimeException e) {
      log.warn("job {} could not be run", WireId.JOB.format(id), e);
      finish(id, State.FAILED, null, "It could not be run; the log says why.");
    }
  }

  /** Empty when it was cancelled meanwhile. */
  private synchronized Optional<Study> begin(UUID id) throws IOException {
    if (closed || get(id).state() != State.QUEUED) {
      return Optional.empty();
    }
    var job =
        change(id, queued -> with(queued, State.RUNNING, "starting", 0, null, null, now(), null));
    var study = starter.start(job);
    running = new Running(id, study);
    return Optional.of(study);
  }

  private synchronized void told(UUID id, ProgressLine line) {
    var index = find(id);
    if (index.isPresent() && jobs.get(index.getAsInt()).state() == State.RUNNING) {
      jobs.set(index.getAsInt(), at(jobs.get(index.getAsInt()), line));
    }
  }

  private static ModelJob at(ModelJob job, ProgressLine line) {
    return with(job, State.RUNNING, line.step(), line.share(), null, null, job.startedAt(), null);
  }

  /** A job that was cancelled or interrupted stays so. */
  private synchronized void finish(
      UUID id, State state, @Nullable String digest, @Nullable String error) {
    running = null;
    if (find(id).isPresent() && get(id).state() == State.RUNNING) {
      change(id, job -> ended(job, state, digest, error));
    }
  }

  private ModelJob change(UUID id, UnaryOperator<ModelJob> step) {
    int index = index(id);
    var changed = step.apply(jobs.get(index));
    jobs.set(index, changed);
    save();
    return changed;
  }

  private ModelJob ended(
      ModelJob job, State state, @Nullable String digest, @Nullable String error) {
    boolean whole = state == State.COMPLETED;
    return with(
        job, state, job.step(), whole ? 1 : job.share(), digest, error, job.startedAt(), now());
  }

  private static ModelJob with(
      ModelJob job,
      State state,
      String step,
      double share,
      @Nullable String digest,
      @Nullable String error,
      @Nullable Long startedAt,
      @Nullable Long endedAt) {
    return new ModelJob(
        job.id(),
        job.model(),
        job.target(),
        state,
        step,
        share,
        digest,
        error,
        job.createdAt(),
        startedAt,
        endedAt);
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  private void save() {
    file.write(jobs);
  }

  private synchronized void interrupt() {
    jobs.replaceAll(job ->
        job.state().ended()
            ? job
            : ended(job, State.INTERRUPTED, null, "Postern stopped before it was done."));
    save();
  }

  /** Whether any job waits or runs. */
  synchronized boolean busy() {
    return jobs.stream().anyMatch(job -> !job.state().ended());
  }

  /** Ends what runs. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      interrupt();
      if (running != null) {
        running.study().kill();
      }
      notifyAll();
    }
    try {
      // It removes what the work left.
      worker.join(STOP_LIMIT);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
