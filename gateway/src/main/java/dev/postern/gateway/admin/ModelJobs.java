package dev.postern.gateway.admin;

import dev.postern.tenancy.Page;
import dev.postern.tenancy.PageRequest;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Work on models' formats, one job after the other in the background. No method waits for the work.
 */
public interface ModelJobs {
  /**
   * Queues a job.
   *
   * @param target what to store the model as; null to measure what is stored
   * @throws dev.postern.gateway.wire.openai.WireException with {@code JobsFull} when too many wait
   * @throws dev.postern.tenancy.TenancyException with {@code Conflict} when one that does the same
   *     has not ended
   */
  ModelJob start(String model, ModelJob.@Nullable Target target);

  /** Newest first. Those that ended long ago are forgotten. */
  Page<ModelJob> list(PageRequest page);

  /** Throws {@code NotFound}. */
  ModelJob get(UUID id);

  /** Ends it. Throws {@code NotFound}, or {@code Conflict} when it has ended. */
  ModelJob cancel(UUID id);
}
