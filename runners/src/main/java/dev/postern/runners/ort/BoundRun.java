package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.HashMap;
import java.util.Map;

/**
 * A run of a session whose inputs and outputs are bound to tensors and stay so from run to run. An
 * input that lies in other memory than the session reads it from is copied when it is bound, so
 * fill it before. One that has refused a name is of no further use. Close it before its session.
 */
public final class BoundRun implements AutoCloseable {
  /** (session, options, binding). */
  private static final MethodHandle RUN =
      OrtApi.calling(133, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (session, binding out). */
  private static final MethodHandle CREATE = OrtApi.calling(134, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle RELEASE = OrtApi.calling(135, null, JAVA_LONG);

  /** (binding, name, value). */
  private static final MethodHandle BIND_INPUT =
      OrtApi.calling(136, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (binding, name, value). */
  private static final MethodHandle BIND_OUTPUT =
      OrtApi.calling(137, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (binding): waits until inputs that had to be copied are there. */
  private static final MethodHandle AWAIT_INPUTS = OrtApi.calling(202, JAVA_LONG, JAVA_LONG);

  /** (binding): waits until the device has written all outputs. */
  private static final MethodHandle AWAIT_OUTPUTS = OrtApi.calling(203, JAVA_LONG, JAVA_LONG);

  private static final long NO_OPTIONS = 0;

  private final long session;
  private final long binding;
  private final Arena arena = Arena.ofShared();
  private final Map<String, Long> names = new HashMap<>();
  private boolean closed;

  public BoundRun(OrtSession session) throws OrtException {
    this.session = OrtApi.handle(session);
    try {
      MemorySegment out = arena.allocate(ADDRESS);
      OrtApi.attempt(() -> (long) CREATE.invokeExact(this.session, out.address()));
      this.binding = out.get(JAVA_LONG, 0);
    } catch (OrtException | RuntimeException failure) {
      arena.close();
      throw failure;
    }
  }

  /**
   * @throws OrtException when the session has no such input, or the tensor does not fit it
   */
  public void input(String name, Tensor tensor) throws OrtException {
    long spelled = spelled(name);
    long value = tensor.handle();
    OrtApi.attempt(() -> (long) BIND_INPUT.invokeExact(binding, spelled, value));
  }

  /**
   * @throws OrtException when the session has no such output
   */
  public void output(String name, Tensor tensor) throws OrtException {
    long spelled = spelled(name);
    long value = tensor.handle();
    OrtApi.attempt(() -> (long) BIND_OUTPUT.invokeExact(binding, spelled, value));
  }

  private long spelled(String name) {
    return names.computeIfAbsent(name, text -> arena.allocateFrom(text).address());
  }

  /** Runs the session; when it returns the outputs are written. */
  public void run() throws OrtException {
    OrtApi.attempt(() -> (long) AWAIT_INPUTS.invokeExact(binding));
    OrtApi.attempt(() -> (long) RUN.invokeExact(session, NO_OPTIONS, binding));
    OrtApi.attempt(() -> (long) AWAIT_OUTPUTS.invokeExact(binding));
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      OrtApi.release(RELEASE, binding);
      arena.close();
    }
  }
}
