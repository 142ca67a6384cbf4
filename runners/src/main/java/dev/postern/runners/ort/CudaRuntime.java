package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtProvider;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * NVIDIA's CUDA runtime, the library that ONNX Runtime's CUDA provider uses too, as far as we need
 * it beside that: which devices there are, how much memory they have, and copies within it.
 */
public final class CudaRuntime implements AutoCloseable {
  private static final String LIBRARY = "libcudart.so.12";

  /** What libonnxruntime_providers_cuda.so is linked to, by what a person has to install. */
  private static final Map<String, List<String>> NEEDED = needed();

  private static final int DEVICE_TO_DEVICE = 3;

  private final Arena arena = Arena.ofShared();
  private final MethodHandle deviceCount;
  private final MethodHandle setDevice;
  private final MethodHandle memoryInfo;
  private final MethodHandle copy;
  private final MethodHandle synchronize;
  private final MethodHandle errorText;

  /** Memory of a device that is free, and all of it, in bytes. */
  public record Memory(long free, long total) {}

  private static Map<String, List<String>> needed() {
    var needed = new LinkedHashMap<String, List<String>>();
    needed.put("the NVIDIA driver", List.of("libcuda.so.1"));
    needed.put(
        "CUDA 12",
        List.of(
            LIBRARY, "libcublas.so.12", "libcublasLt.so.12", "libcurand.so.10", "libcufft.so.11"));
    needed.put("cuDNN 9", List.of("libcudnn.so.9"));
    return needed;
  }

  /**
   * Why a device cannot be computed on, in words that name what is missing; empty where nothing
   * speaks against it. Cheap, and leaves nothing behind on the device.
   */
  public static Optional<String> obstacle(int device) {
    if (!OrtEnvironment.getAvailableProviders().contains(OrtProvider.CUDA)) {
      return Optional.of(
          "this build has the ONNX Runtime for processors only; ./postern up --gpu builds with the"
              + " other");
    }
    List<String> missing = missing();
    if (!missing.isEmpty()) {
      return Optional.of("not found or not loadable: " + String.join("; ", missing));
    }
    try (var runtime = new CudaRuntime()) {
      int count = runtime.devices();
      return device < count
          ? Optional.empty()
          : Optional.of("there are %d CUDA devices, counted from 0".formatted(count));
    } catch (OrtException failure) {
      return Optional.of(String.valueOf(failure.getMessage()));
    }
  }

  /** What is not there of what the CUDA provider needs, each with its libraries. */
  static List<String> missing() {
    var missing = new ArrayList<String>();
    NEEDED.forEach((part, libraries) -> {
      var absent = libraries.stream().filter(library -> !loads(library)).toList();
      if (!absent.isEmpty()) {
        missing.add("%s (%s)".formatted(part, String.join(", ", absent)));
      }
    });
    return missing;
  }

  @SuppressWarnings("restricted")
  private static boolean loads(String library) {
    try (Arena moment = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(library, moment);
      return true;
    } catch (IllegalArgumentException absent) {
      return false;
    }
  }

  /**
   * @throws OrtException when the library is not there
   */
  public CudaRuntime() throws OrtException {
    this(LIBRARY);
  }

  @SuppressWarnings("restricted")
  CudaRuntime(String library) throws OrtException {
    try {
      SymbolLookup symbols = SymbolLookup.libraryLookup(library, arena);
      deviceCount = function(symbols, "cudaGetDeviceCount", ADDRESS);
      setDevice = function(symbols, "cudaSetDevice", JAVA_INT);
      memoryInfo = function(symbols, "cudaMemGetInfo", ADDRESS, ADDRESS);
      copy =
          function(
              symbols,
              "cudaMemcpy2D",
              JAVA_LONG,
              JAVA_LONG,
              JAVA_LONG,
              JAVA_LONG,
              JAVA_LONG,
              JAVA_LONG,
              JAVA_INT);
      synchronize = function(symbols, "cudaDeviceSynchronize");
      errorText =
          Linker.nativeLinker()
              .downcallHandle(
                  symbols.findOrThrow("cudaGetErrorString"),
                  FunctionDescriptor.of(ADDRESS, JAVA_INT));
    } catch (IllegalArgumentException absent) {
      arena.close();
      throw new OrtException(library + " cannot be loaded");
    }
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(
      SymbolLookup symbols, String name, MemoryLayout... arguments) {
    return Linker.nativeLinker()
        .downcallHandle(symbols.findOrThrow(name), FunctionDescriptor.of(JAVA_INT, arguments));
  }

  @FunctionalInterface
  private interface Call {
    int error() throws Throwable;
  }

  private void attempt(Call call) throws OrtException {
    int error;
    try {
      error = call.error();
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
    if (error != 0) {
      throw new OrtException(OrtException.OrtErrorCode.ORT_EP_FAIL, "CUDA: " + text(error));
    }
  }

  @SuppressWarnings("restricted")
  private String text(int error) {
    try {
      var text = (MemorySegment) errorText.invokeExact(error);
      return text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** How many devices there are. */
  public int devices() throws OrtException {
    try (Arena moment = Arena.ofConfined()) {
      MemorySegment count = moment.allocate(JAVA_INT);
      attempt(() -> (int) deviceCount.invokeExact(count));
      return count.get(JAVA_INT, 0);
    }
  }

  /** What a device has; takes some of it, as every process does that computes there. */
  public Memory memory(int device) throws OrtException {
    try (Arena moment = Arena.ofConfined()) {
      MemorySegment free = moment.allocate(JAVA_LONG);
      MemorySegment total = moment.allocate(JAVA_LONG);
      attempt(() -> (int) setDevice.invokeExact(device));
      attempt(() -> (int) memoryInfo.invokeExact(free, total));
      return new Memory(free.get(JAVA_LONG, 0), total.get(JAVA_LONG, 0));
    }
  }

  /** Copies within a device's memory. A failure of the device there is the end of its process. */
  public MemoryCopy copies(int device) {
    return new Copies(device);
  }

  private final class Copies implements MemoryCopy {
    private final int device;

    Copies(int device) {
      this.device = device;
    }

    @Override
    public void copy(long from, long fromPitch, long to, long toPitch, long width, long rows) {
      call(() -> (int) setDevice.invokeExact(device));
      call(() ->
          (int) copy.invokeExact(to, toPitch, from, fromPitch, width, rows, DEVICE_TO_DEVICE));
    }

    /** Copies within a device are only begun by the call, and ONNX Runtime has another queue. */
    @Override
    public void await() {
      call(() -> (int) synchronize.invokeExact());
    }

    private void call(Call call) {
      try {
        attempt(call);
      } catch (OrtException failure) {
        throw new IllegalStateException(failure);
      }
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
