package dev.postern.runners.ort;

/**
 * Where values lie, as ONNX Runtime names it.
 *
 * @param allocator {@code Cpu} or {@code Cuda}
 * @param device its number
 */
public record MemoryPlace(String allocator, int device) {
  public static final MemoryPlace PROCESSOR = new MemoryPlace("Cpu", 0);

  public static MemoryPlace cuda(int device) {
    return new MemoryPlace("Cuda", device);
  }
}
