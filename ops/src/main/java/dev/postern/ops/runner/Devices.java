package dev.postern.ops.runner;

import dev.postern.ops.UsageException;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.EngineConfig.Provider;
import dev.postern.runners.ort.CudaRuntime;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;

/**
 * What the runners of this machine compute on: one process for each.
 *
 * @param names {@code cpu}, {@code auto}, or such as {@code cuda:0}; at least one, none twice
 */
public record Devices(List<String> names) {
  /**
   * @param list names with commas between them
   * @throws UsageException when one is no device's, or is named twice
   */
  public static Devices parse(String list) {
    var names = Arrays.stream(list.split(",", -1)).map(String::strip).toList();
    if (new LinkedHashSet<>(names).size() < names.size()) {
      throw new UsageException("each device has one runner, and " + list + " names one twice");
    }
    var devices = new Devices(names);
    names.forEach(Devices::engine);
    return devices;
  }

  private static EngineConfig engine(String name) {
    try {
      return EngineConfig.defaults().onDevice(name);
    } catch (IllegalArgumentException wrong) {
      throw new UsageException(String.valueOf(wrong.getMessage()));
    }
  }

  /**
   * @throws UsageException when a CUDA device that is named cannot be used; says what is missing
   */
  public void requireUsable() {
    for (var name : names) {
      var engine = engine(name);
      if (engine.provider() == Provider.CUDA) {
        CudaRuntime.obstacle(engine.device())
            .ifPresent(obstacle -> {
              throw new UsageException(name + " cannot be used: " + obstacle);
            });
      }
    }
  }

  /** Whether a runner will be on CUDA. */
  public boolean onCuda() {
    return names.stream().anyMatch(Devices::onCuda);
  }

  private static boolean onCuda(String name) {
    var engine = engine(name);
    return switch (engine.provider()) {
      case CPU -> false;
      case CUDA -> true;
      case AUTO -> CudaRuntime.obstacle(engine.device()).isEmpty();
    };
  }
}
