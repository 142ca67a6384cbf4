package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.invoke.MethodHandle;

/** A value of ONNX Runtime's in memory of any device, which Java's API cannot hold. */
public final class Tensor implements AutoCloseable {
  private static final MethodHandle RELEASE = OrtApi.leaf(96, null, JAVA_LONG);

  private final long handle;
  private final long address;
  private boolean closed;

  Tensor(long handle, long address) {
    this.handle = handle;
    this.address = address;
  }

  long handle() {
    if (closed) {
      throw new IllegalStateException("the tensor is closed");
    }
    return handle;
  }

  /** Of its first element, on its device. */
  public long address() {
    return address;
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      OrtApi.release(RELEASE, handle);
    }
  }
}
