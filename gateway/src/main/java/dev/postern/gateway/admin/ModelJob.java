package dev.postern.gateway.admin;

import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Work on a model's formats.
 *
 * @param target what to store it as; null to measure what is stored
 * @param step what is being done, for a person to read
 * @param share of this step that is done, 0 to 1
 * @param digest of the format that it stored
 * @param error why it failed, in words
 * @param createdAt Unix seconds, as all its times
 */
public record ModelJob(
    UUID id,
    String model,
    @Nullable Target target,
    State state,
    String step,
    double share,
    @Nullable String digest,
    @Nullable String error,
    long createdAt,
    @Nullable Long startedAt,
    @Nullable Long endedAt) {

  /** How far a job has come. */
  public enum State {
    QUEUED,
    RUNNING,
    COMPLETED,
    FAILED,
    CANCELLED,
    /** Postern stopped before its end. */
    INTERRUPTED;

    public boolean ended() {
      return this != QUEUED && this != RUNNING;
    }
  }

  /** A format to store a model in. */
  public enum Format {
    INT8,
    Q8,
    Q4,
    F16,
    MIXED
  }

  /**
   * What a model is stored as.
   *
   * @param maxBytes of a mixture; at most one of the two is given
   * @param maxDivergence of a mixture from the floats, in nats
   */
  public record Target(Format format, @Nullable Long maxBytes, @Nullable Double maxDivergence) {}

  /** Whether another job would do the same. */
  public boolean sameWork(ModelJob other) {
    return model.equals(other.model) && Objects.equals(target, other.target);
  }
}
