package dev.postern.gateway.admin;

import dev.postern.gateway.wire.openai.WireException;
import dev.postern.gateway.wire.openai.WireFailure;
import dev.postern.registry.ModelVersion;
import dev.postern.registry.RegistryException;
import dev.postern.registry.RegistryFailure;
import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import dev.postern.tenancy.TenancyException;
import dev.postern.tenancy.WireId;
import io.vertx.core.Future;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** A chat model in two formats and an encoder; jobs that wait for ever, three at most. */
final class FakeModels implements InstalledModels, ModelJobs {
  static final String ENCODER = "encoder";
  static final String DIGEST = "sha256:0a";
  static final UUID JOB = new UUID(0x70000000L, 7);
  static final int MOST_JOBS = 3;

  private final List<ModelJob> jobs = new ArrayList<>();

  FakeModels() {
    forgetJobs();
  }

  /** Leaves the first. */
  synchronized void forgetJobs() {
    jobs.clear();
    jobs.add(job(JOB, AdminBed.MODEL, null));
  }

  private static ModelJob job(UUID id, String model, ModelJob.@Nullable Target target) {
    return new ModelJob(
        id, model, target, ModelJob.State.QUEUED, "waiting", 0, null, null, 1, null, null);
  }

  private static ModelVersion version(ModelVersion.Role role) {
    return new ModelVersion(DIGEST, "Model", role, 512, 64, Instant.EPOCH);
  }

  @Override
  public Future<List<InstalledModel>> list() {
    var quality =
        new InstalledModel.Quality(100, 400, 0.004, 20.1, 0.005, 0.97, 3731, true, "2026-01-01");
    var card =
        new InstalledModel.Card(
            "Model",
            "file",
            "sha256:0c",
            "mit",
            "llama",
            "llama decoder",
            2,
            10,
            List.of(new InstalledModel.Part("all", 10)),
            "byte-level BPE",
            300,
            true);
    return Future.succeededFuture(
        List.of(
            new InstalledModel(
                AdminBed.MODEL,
                version(ModelVersion.Role.CHAT),
                card,
                List.of(
                    new InstalledModel.Format("int8", DIGEST, 100, true, true, quality),
                    new InstalledModel.Format("q4", "sha256:0b", 60, false, true, null)),
                "the fastest"),
            new InstalledModel(
                ENCODER, version(ModelVersion.Role.EMBEDDING), null, List.of(), null)));
  }

  @Override
  public Future<InstalledModel> get(String name) {
    return list()
        .map(all ->
            all.stream()
                .filter(model -> model.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new RegistryException(new RegistryFailure.ModelNotFound(name))));
  }

  @Override
  public Future<InstalledModel> serve(String name, String digest) {
    return get(name);
  }

  @Override
  public synchronized ModelJob start(String model, ModelJob.@Nullable Target target) {
    if (jobs.size() >= MOST_JOBS) {
      throw new WireException(new WireFailure.JobsFull(MOST_JOBS));
    }
    jobs.addFirst(job(UUID.randomUUID(), model, target));
    return jobs.getFirst();
  }

  @Override
  public synchronized Page<ModelJob> list(PageRequest page) {
    return new Page<>(jobs, false);
  }

  @Override
  public synchronized ModelJob get(UUID id) {
    return jobs.stream()
        .filter(job -> job.id().equals(id))
        .findFirst()
        .orElseThrow(() -> new TenancyException(WireId.JOB.notFound(id)));
  }

  @Override
  public synchronized ModelJob cancel(UUID id) {
    return get(id);
  }
}
