package dev.postern.ops.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.gateway.admin.ModelJob;
import dev.postern.gateway.admin.ModelJob.State;
import dev.postern.gateway.wire.openai.WireException;
import dev.postern.tenancy.Ids;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.TenancyException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class JobQueueTest {
  private static final ModelJob.Target Q4 = new ModelJob.Target(ModelJob.Format.Q4, null, null);

  @TempDir private Path folder;
  private final Scripted scripted = new Scripted();
  private JobQueue jobs;

  /** Studies that the test ends. */
  private static final class Scripted implements Study.Starter {
    private final BlockingQueue<Scene> started = new LinkedBlockingQueue<>();

    @Override
    public Study start(ModelJob job) throws IOException {
      if (job.model().equals("broken")) {
        throw new IOException("no such program");
      }
      var scene = new Scene(job);
      started.add(scene);
      return scene;
    }

    @Override
    public void clear() {}

    Scene next() throws InterruptedException {
      var scene = started.poll(10, TimeUnit.SECONDS);
      assertThat(scene).as("a job was begun").isNotNull();
      scene.listening.join();
      return scene;
    }
  }

  private static final class Scene implements Study {
    private final ModelJob job;
    private final CompletableFuture<Outcome> end = new CompletableFuture<>();
    private final CompletableFuture<Consumer<ProgressLine>> listening = new CompletableFuture<>();

    Scene(ModelJob job) {
      this.job = job;
    }

    @Override
    public Outcome await(Consumer<ProgressLine> progress) {
      listening.complete(progress);
      return end.join();
    }

    @Override
    public void kill() {
      end.complete(new Outcome(null, "it was killed"));
    }
  }

  @BeforeEach
  void open() throws IOException {
    jobs = reopened();
  }

  private JobQueue reopened() throws IOException {
    return JobQueue.open(
        folder.resolve("jobs.json"),
        scripted,
        new Ids(() -> Instant.ofEpochSecond(1_000)),
        () -> Instant.ofEpochSecond(1_000));
  }

  @AfterEach
  void close() {
    jobs.close();
  }

  /** The next one has begun, so the one before is over. */
  private void flush() throws InterruptedException {
    jobs.start("flush " + UUID.randomUUID(), null);
    scripted.next().end.complete(new Study.Outcome(null, null));
  }

  @Test
  void runsOneAtATimeInOrderAndTellsHowFarItIs() throws Exception {
    var first = jobs.start("a", Q4);
    var second = jobs.start("b", null);
    var scene = scripted.next();
    assertThat(scene.job.id()).isEqualTo(first.id());
    scene.listening.join().accept(new ProgressLine("measuring q4", 0.25, null));
    assertThat(jobs.get(first.id()).step()).isEqualTo("measuring q4");
    assertThat(jobs.get(first.id()).share()).isEqualTo(0.25);
    assertThat(jobs.get(second.id()).state()).isEqualTo(State.QUEUED);
    scene.end.complete(new Study.Outcome("sha256:ab", null));
    assertThat(scripted.next().job.id()).isEqualTo(second.id());
    var done = jobs.get(first.id());
    assertThat(done.state()).isEqualTo(State.COMPLETED);
    assertThat(done.digest()).isEqualTo("sha256:ab");
    assertThat(done.share()).isEqualTo(1);
  }

  @Test
  void aFailureKeepsItsReasonAndStopsNobodyElse() throws Exception {
    var broken = jobs.start("broken", null);
    var failing = jobs.start("a", null);
    scripted.next().end.complete(new Study.Outcome(null, "the file is gone"));
    flush();
    assertThat(jobs.get(broken.id()).state()).isEqualTo(State.FAILED);
    assertThat(jobs.get(failing.id()).error()).isEqualTo("the file is gone");
  }

  @Test
  void cancelsWhatWaitsAndKillsWhatRuns() throws Exception {
    var running = jobs.start("a", null);
    var waiting = jobs.start("b", null);
    var scene = scripted.next();
    jobs.cancel(waiting.id());
    jobs.cancel(running.id());
    assertThat(scene.end.join().error()).isEqualTo("it was killed");
    flush();
    assertThat(jobs.get(running.id()).state()).isEqualTo(State.CANCELLED);
    assertThat(jobs.get(waiting.id()).state()).isEqualTo(State.CANCELLED);
    assertThatThrownBy(() -> jobs.cancel(running.id())).isInstanceOf(TenancyException.class);
  }

  @Test
  void refusesTheSameWorkTwiceAndMoreThanMayWait() throws Exception {
    jobs.start("running", null);
    scripted.next();
    for (int i = 0; i < JobQueue.MOST_WAITING; i++) {
      jobs.start("model " + i, Q4);
    }
    assertThatThrownBy(() -> jobs.start("model 0", Q4)).isInstanceOf(TenancyException.class);
    assertThatThrownBy(() -> jobs.start("one more", Q4)).isInstanceOf(WireException.class);
  }

  @Test
  void whatRanWhenPosternWasKilledIsInterruptedAfterwards() throws Exception {
    var running = jobs.start("a", null);
    scripted.next();
    var waiting = jobs.start("b", Q4);
    Path file = folder.resolve("jobs.json");
    byte[] asKilled = Files.readAllBytes(file);
    jobs.close();
    Files.write(file, asKilled);
    jobs = reopened();
    assertThat(jobs.get(running.id()).state()).isEqualTo(State.INTERRUPTED);
    assertThat(jobs.get(waiting.id()).state()).isEqualTo(State.INTERRUPTED);
    assertThat(jobs.get(waiting.id()).target()).isEqualTo(Q4);
    assertThat(jobs.busy()).isFalse();
    flush();
  }

  @Test
  void aStopInOrderInterruptsToo() throws Exception {
    var running = jobs.start("a", null);
    var scene = scripted.next();
    jobs.close();
    assertThat(scene.end).isDone();
    assertThat(jobs.get(running.id()).state()).isEqualTo(State.INTERRUPTED);
  }

  @Test
  void forgetsTheOldestOfThoseThatEnded() throws Exception {
    var oldest = jobs.start("oldest", null);
    scripted.next().end.complete(new Study.Outcome(null, null));
    for (int i = 0; i < JobQueue.MOST_KEPT; i++) {
      flush();
    }
    var all = jobs.list(new PageRequest(null, PageRequest.MAX_LIMIT));
    assertThat(all.data()).hasSize(JobQueue.MOST_KEPT);
    assertThatThrownBy(() -> jobs.get(oldest.id())).isInstanceOf(TenancyException.class);
    var first = jobs.list(new PageRequest(null, 20));
    var second = jobs.list(new PageRequest(first.data().getLast().id(), 20));
    assertThat(first.hasMore()).isTrue();
    assertThat(second.data().getFirst()).isEqualTo(all.data().get(20));
  }

  @Test
  void aFileThatCannotBeReadIsBegunAnew() throws Exception {
    jobs.close();
    Files.writeString(folder.resolve("jobs.json"), "{half");
    jobs = reopened();
    assertThat(jobs.list(PageRequest.FIRST).data()).isEmpty();
  }
}
