package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import dev.postern.runners.ort.CudaRuntime;
import dev.postern.runners.ort.CustomOps;
import dev.postern.runners.ort.MemoryCopy;
import dev.postern.runners.ort.MemoryPlace;

/** Where a session computes and keeps its keys and values. */
sealed interface Placement extends AutoCloseable {
  MemoryPlace place();

  MemoryCopy copies();

  /**
   * Prepares a session for it.
   *
   * @param bytes most device memory that the session may take
   */
  void enter(OrtSession.SessionOptions options, long bytes) throws OrtException;

  /** After everything that is placed there. */
  @Override
  void close();

  /** The processor and its memory. */
  record Processor() implements Placement {
    @Override
    public MemoryPlace place() {
      return MemoryPlace.PROCESSOR;
    }

    @Override
    public MemoryCopy copies() {
      return MemoryCopy.PROCESSOR;
    }

    @Override
    public void enter(OrtSession.SessionOptions options, long bytes) {
      CustomOps.register(options);
    }

    @Override
    public void close() {
      // The processor stays.
    }
  }

  /**
   * An NVIDIA device.
   *
   * @param runtime closed with the placement
   */
  record Cuda(CudaRuntime runtime, int device) implements Placement {
    @Override
    public MemoryPlace place() {
      return MemoryPlace.cuda(device);
    }

    @Override
    public MemoryCopy copies() {
      return runtime.copies(device);
    }

    @Override
    public void enter(OrtSession.SessionOptions options, long bytes) throws OrtException {
      try (var cuda = new OrtCUDAProviderOptions(device)) {
        cuda.add("gpu_mem_limit", Long.toString(bytes));
        // Otherwise the one large stretch of keys and values is rounded up to a power of two.
        cuda.add("arena_extend_strategy", "kSameAsRequested");
        // Our graphs have no convolutions: nothing to try out.
        cuda.add("cudnn_conv_algo_search", "HEURISTIC");
        options.addCUDA(cuda);
      }
    }

    @Override
    public void close() {
      runtime.close();
    }
  }
}
