package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Memory that a session computes in, the processor's or a device's. Close it after all tensors made
 * with it, and before the session.
 */
public final class SessionMemory implements AutoCloseable {
  /** (allocator, dimensions, rank, type, value out). */
  private static final MethodHandle ALLOCATE =
      OrtApi.calling(48, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_LONG);

  /** (memory, data, bytes, dimensions, rank, type, value out). */
  private static final MethodHandle WRAP =
      OrtApi.leaf(
          49, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_INT,
          JAVA_LONG);

  /** (name, allocator's type, device, memory's type, memory out). */
  private static final MethodHandle CREATE_INFO =
      OrtApi.leaf(68, JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);

  private static final MethodHandle RELEASE_INFO = OrtApi.leaf(94, null, JAVA_LONG);

  /** (session, memory, allocator out). */
  private static final MethodHandle CREATE_ALLOCATOR =
      OrtApi.calling(131, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle RELEASE_ALLOCATOR = OrtApi.calling(132, null, JAVA_LONG);

  private static final int DEVICE_ALLOCATOR = 0;
  private static final int DEFAULT_MEMORY = 0;
  private static final int MOST_DIMENSIONS = 8;

  private final long info;
  private final long allocator;

  /** Two words and a shape that calls read and write. */
  private final Arena arena = Arena.ofShared();

  private final MemorySegment out = arena.allocate(ADDRESS);
  private final MemorySegment dimensions = arena.allocate(JAVA_LONG, MOST_DIMENSIONS);
  private boolean closed;

  /**
   * @throws OrtException when the session has no memory there
   */
  public SessionMemory(OrtSession session, MemoryPlace place) throws OrtException {
    long owner = OrtApi.handle(session);
    long made = 0;
    try (Arena names = Arena.ofConfined()) {
      long name = names.allocateFrom(place.allocator()).address();
      OrtApi.attempt(() ->
          (long)
              CREATE_INFO.invokeExact(
                  name, DEVICE_ALLOCATOR, place.device(), DEFAULT_MEMORY, out.address()));
      made = out.get(JAVA_LONG, 0);
      long memory = made;
      OrtApi.attempt(() -> (long) CREATE_ALLOCATOR.invokeExact(owner, memory, out.address()));
      this.info = made;
      this.allocator = out.get(JAVA_LONG, 0);
    } catch (OrtException | RuntimeException failure) {
      if (made != 0) {
        OrtApi.release(RELEASE_INFO, made);
      }
      arena.close();
      throw failure;
    }
  }

  /**
   * Takes memory, whose contents are not defined.
   *
   * @throws OrtException when the device has not that much left
   */
  public synchronized Tensor allocate(long bytes) throws OrtException {
    dimensions.setAtIndex(JAVA_LONG, 0, bytes);
    OrtApi.attempt(() ->
        (long)
            ALLOCATE.invokeExact(
                allocator, dimensions.address(), 1L, ElementType.BYTE.number(), out.address()));
    long handle = out.get(JAVA_LONG, 0);
    return new Tensor(handle, OrtApi.data(handle, out.address()));
  }

  /**
   * A tensor over memory of somebody else's, which must stay as long as the tensor.
   *
   * @param address of memory in this place
   */
  public synchronized Tensor over(long address, ElementType type, long... shape)
      throws OrtException {
    long bytes = type.bytes();
    for (int i = 0; i < shape.length; i++) {
      dimensions.setAtIndex(JAVA_LONG, i, shape[i]);
      bytes *= shape[i];
    }
    long size = bytes;
    OrtApi.attempt(() ->
        (long)
            WRAP.invokeExact(
                info,
                address,
                size,
                dimensions.address(),
                (long) shape.length,
                type.number(),
                out.address()));
    return new Tensor(out.get(JAVA_LONG, 0), address);
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      OrtApi.release(RELEASE_ALLOCATOR, allocator);
      OrtApi.release(RELEASE_INFO, info);
      arena.close();
    }
  }
}
