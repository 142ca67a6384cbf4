package dev.postern.ops.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.gateway.admin.InstalledModel;
import dev.postern.gateway.admin.ModelJob;
import dev.postern.gateway.admin.ModelJob.State;
import dev.postern.ops.Home;
import dev.postern.ops.HomeModels;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.testing.TinyLlama;
import dev.postern.tenancy.TenancyException;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs on a tiny model, in real processes. */
@Timeout(180)
class ModelWorkIT {
  private static final ModelJob.Target Q4 = new ModelJob.Target(ModelJob.Format.Q4, null, null);

  @TempDir private Path folder;
  private Path cache;
  private Path source;
  private HomeModels models;
  private Vertx vertx;
  private ModelWork work;

  @BeforeEach
  void open() throws IOException {
    cache = folder.resolve("cache");
    var home = new Home(folder.resolve("home"));
    home.create();
    models = new HomeModels(home, cache, InstantSource.system());
    source = Files.write(folder.resolve("tiny.gguf"), TinyLlama.gguf(5));
    models.importFile(source, "tiny", ImportProgress.NONE);
    vertx = Vertx.vertx();
    work = ModelWork.open(vertx, home, models, cache, InstantSource.system());
  }

  @AfterEach
  void close() {
    work.close();
    vertx.close().await();
  }

  private ModelJob await(UUID id, Predicate<ModelJob> enough) throws InterruptedException {
    var pause = new CountDownLatch(1);
    var job = work.jobs().get(id);
    while (!enough.test(job)) {
      assertThat(pause.await(20, TimeUnit.MILLISECONDS)).isFalse();
      job = work.jobs().get(id);
    }
    return job;
  }

  private ModelJob ended(UUID id) throws InterruptedException {
    return await(id, job -> job.state().ended());
  }

  private InstalledModel tiny() {
    return work.models().get("tiny").await();
  }

  @Test
  void storesAFormatMeasuresItBesideTheServedOneAndServesItWhenAPersonSaysSo() throws Exception {
    var imported = tiny();
    assertThat(imported.formats())
        .singleElement()
        .satisfies(format -> {
          assertThat(format.served()).isTrue();
          assertThat(format.quality()).isNull();
        });
    assertThat(imported.why()).contains("none is measured yet");

    var job = ended(work.jobs().start("tiny", Q4).id());

    assertThat(job.error()).isNull();
    assertThat(job.state()).isEqualTo(State.COMPLETED);
    var after = tiny();
    assertThat(after.formats())
        .hasSize(2)
        .allSatisfy(format -> {
          assertThat(format.quality()).isNotNull();
        });
    assertThat(after.version().digest())
        .as("what is measured changes nothing that is served")
        .isEqualTo(imported.version().digest());
    var made = after.formats().stream().filter(format -> format.name().equals("q4")).findFirst();
    assertThat(made.orElseThrow().digest()).isEqualTo(job.digest());
    var chosen = work.models().serve("tiny", made.get().digest()).await();
    assertThat(chosen.version().digest()).isEqualTo(job.digest());
    assertThat(chosen.why()).isEqualTo("a person chose it");
    assertThat(models.chosen("tiny")).isTrue();
    assertThatThrownBy(() -> work.models().serve("tiny", "sha256:none").await())
        .isInstanceOf(TenancyException.class);
  }

  @Test
  void aJobThatIsCancelledLeavesNothingHalf() throws Exception {
    var job = work.jobs().start("tiny", Q4);
    await(job.id(), begun -> begun.state() == State.RUNNING);
    work.jobs().cancel(job.id());
    Files.delete(source);
    // It begins when the one before is over and its leftovers are removed.
    var next = ended(work.jobs().start("tiny", null).id());
    assertThat(work.jobs().get(job.id()).state()).isEqualTo(State.CANCELLED);
    assertThat(next.state()).isEqualTo(State.FAILED);
    assertThat(next.error()).contains("tiny was imported from is not there");
    assertThat(cache.resolve("workbench")).doesNotExist();
    try (var left = Files.list(cache.resolve("models"))) {
      assertThat(left.map(file -> file.getFileName().toString()))
          .noneMatch(name -> name.startsWith(".import"));
    }
    assertThat(tiny().formats()).hasSize(1);
  }
}
