package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import dev.postern.runners.ort.CudaRuntime;
import org.jspecify.annotations.Nullable;

/**
 * What a process computes on, settled once at its start.
 *
 * @param name {@code cpu}, or such as {@code cuda:0}
 * @param note why it is not what one might expect; null where there is nothing to say
 * @param freeBytes of its own memory when the process started; 0 for the processor
 */
public record Device(String name, @Nullable String note, long freeBytes) {
  public static final Device PROCESSOR = new Device("cpu", null, 0);

  /**
   * @throws OrtException when the device that is demanded cannot be used; the message names what is
   *     missing
   */
  public static Device settle(EngineConfig engine) throws OrtException {
    if (engine.provider() == EngineConfig.Provider.CPU) {
      return PROCESSOR;
    }
    String cuda = "cuda:" + engine.device();
    var obstacle = CudaRuntime.obstacle(engine.device());
    if (obstacle.isPresent()) {
      String reason = cuda + " cannot be used: " + obstacle.get();
      if (engine.provider() == EngineConfig.Provider.CUDA) {
        throw new OrtException(reason);
      }
      return new Device(PROCESSOR.name, reason, 0);
    }
    try (var runtime = new CudaRuntime()) {
      return new Device(cuda, null, runtime.memory(engine.device()).free());
    }
  }

  public boolean isProcessor() {
    return name.equals(PROCESSOR.name);
  }
}
