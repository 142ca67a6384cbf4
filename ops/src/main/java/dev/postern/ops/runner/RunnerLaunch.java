package dev.postern.ops.runner;

import dev.postern.ops.HomeModels;
import dev.postern.registry.ModelVersion;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/**
 * What a runner process is started with.
 *
 * @param name stable over restarts: the gateway keeps its breaker by it
 * @param models what to serve; asked before each start
 * @param token what callers of the runner must show
 * @param heapMegabytes the most heap of its JVM
 * @param log receives its output
 */
public record RunnerLaunch(
    String name,
    RunnerPlace place,
    Supplier<List<Model>> models,
    String token,
    int heapMegabytes,
    Path log) {

  /**
   * @param name what the runner calls it
   * @param role what it does
   * @param folder its imported form
   */
  public record Model(String name, ModelVersion.Role role, Path folder) {
    static Model of(HomeModels.Entry entry) {
      return new Model(entry.name(), entry.version().role(), entry.folder());
    }
  }
}
