package dev.postern.ops.runner;

import java.nio.file.Path;
import java.util.List;

/**
 * What a runner process is started with.
 *
 * @param name stable over restarts: the gateway keeps its breaker by it
 * @param chat generative models to serve
 * @param embedding embedding models to serve
 * @param token what callers of the runner must show
 * @param heapMegabytes the most heap of its JVM
 * @param log receives its output
 */
public record RunnerLaunch(
    String name,
    List<Model> chat,
    List<Model> embedding,
    String token,
    int heapMegabytes,
    Path log) {

  public RunnerLaunch {
    chat = List.copyOf(chat);
    embedding = List.copyOf(embedding);
  }

  /**
   * @param name what the runner calls it
   * @param folder its imported form
   */
  public record Model(String name, Path folder) {}
}
