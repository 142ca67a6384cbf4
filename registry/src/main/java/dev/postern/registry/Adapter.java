package dev.postern.registry;

import dev.postern.tenancy.ModelName;
import dev.postern.tenancy.ProjectId;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * A LoRA adapter that belongs to a project.
 *
 * @param base the name of the model that it changes
 * @param name within its project and base
 * @param facts what a runner found in its files
 */
public record Adapter(
    UUID id, ProjectId project, String base, String name, Facts facts, Instant createdAt) {

  /**
   * What an adapter is, wherever it is used.
   *
   * @param digest {@code sha256:…} of what it does to a model, whatever file it came in
   * @param rank the largest of its matrices
   * @param targets what it changes, such as {@code q} and {@code down}
   * @param bytes of its numbers
   */
  public record Facts(String digest, int rank, List<String> targets, long parameters, long bytes) {
    public Facts {
      targets = List.copyOf(targets);
    }
  }

  /** What clients call. */
  public String model() {
    return ModelName.adapted(base, name);
  }
}
