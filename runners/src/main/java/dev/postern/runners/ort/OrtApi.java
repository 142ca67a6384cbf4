package dev.postern.runners.ort;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.jspecify.annotations.Nullable;

/**
 * The function table of the ONNX Runtime that the official Java API has loaded. Functions are known
 * by their place in the table and places only ever get added, but a wrong one ends the process: the
 * version must be the one these were checked with. Pointers are plain longs here, so that a call
 * from inside a graph allocates nothing.
 */
final class OrtApi {
  private static final String VERSION = "1.24.1";

  private static final Linker LINKER = Linker.nativeLinker();

  /** All of the process's memory. */
  @SuppressWarnings("restricted")
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  private static final long TABLE = table();

  /** (code, message): status. */
  private static final MethodHandle CREATE_STATUS = leaf(0, JAVA_LONG, JAVA_INT, JAVA_LONG);

  /** (status): code. */
  private static final MethodHandle CODE = leaf(1, JAVA_INT, JAVA_LONG);

  /** (status): message. */
  private static final MethodHandle MESSAGE = leaf(2, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle RELEASE_STATUS = leaf(93, null, JAVA_LONG);

  /** (name, domain out). */
  private static final MethodHandle CREATE_DOMAIN = leaf(26, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (domain, op). */
  private static final MethodHandle ADD_OP = calling(27, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (options, domain). */
  private static final MethodHandle ADD_DOMAIN = calling(28, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (value, data out). */
  private static final MethodHandle DATA = leaf(51, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (shape, count out). */
  private static final MethodHandle RANK = leaf(61, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (shape, dimensions out, count). */
  private static final MethodHandle DIMENSIONS =
      leaf(62, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (value, shape out). */
  private static final MethodHandle SHAPE = leaf(65, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private static final MethodHandle RELEASE_SHAPE = leaf(99, null, JAVA_LONG);

  /** (context, index, value out). */
  private static final MethodHandle INPUT = leaf(90, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  /** (context, index, dimensions, count, value out). */
  private static final MethodHandle OUTPUT =
      leaf(91, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG, JAVA_LONG);

  private OrtApi() {}

  private static long table() {
    requireKnown(OrtEnvironment.getEnvironment().getVersion());
    try {
      var field = Class.forName("ai.onnxruntime.OnnxRuntime").getDeclaredField("ortApiHandle");
      field.setAccessible(true);
      return field.getLong(null);
    } catch (ReflectiveOperationException failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** Comes before any look into the table. */
  static void requireKnown(String version) {
    if (!version.equals(VERSION)) {
      throw new IllegalStateException(
          "ONNX Runtime is " + version + ", and its table is known for " + VERSION);
    }
  }

  /** A function that never comes back into Java: its call costs a few nanoseconds. */
  static MethodHandle leaf(int place, @Nullable MemoryLayout result, MemoryLayout... arguments) {
    return function(place, result, arguments, Linker.Option.critical(false));
  }

  /** A function that may call back into Java, or take long. */
  static MethodHandle calling(int place, @Nullable MemoryLayout result, MemoryLayout... arguments) {
    return function(place, result, arguments);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle function(
      int place,
      @Nullable MemoryLayout result,
      MemoryLayout[] arguments,
      Linker.Option... options) {
    MemorySegment address = MEMORY.get(ADDRESS, TABLE + place * ADDRESS.byteSize());
    FunctionDescriptor descriptor =
        result == null
            ? FunctionDescriptor.ofVoid(arguments)
            : FunctionDescriptor.of(result, arguments);
    return LINKER.downcallHandle(address, descriptor, options);
  }

  @FunctionalInterface
  interface Call {
    long status() throws Throwable;
  }

  /** Only a broken linkage throws from a native call. */
  private static void check(Call call) {
    long status;
    try {
      status = call.status();
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
    check(status);
  }

  /**
   * Calls a function that can fail for reasons of the device's or the model's.
   *
   * @throws OrtException with ONNX Runtime's code and message
   */
  static void attempt(Call call) throws OrtException {
    long status;
    try {
      status = call.status();
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
    if (status != 0) {
      throw new OrtException(code(status), takeMessage(status));
    }
  }

  /** Calls a function that gives something back, which cannot fail. */
  static void release(MethodHandle function, long handle) {
    try {
      function.invokeExact(handle);
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static int code(long status) {
    try {
      return (int) CODE.invokeExact(status);
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  private static void check(long status) {
    if (status != 0) {
      throw new IllegalStateException(takeMessage(status));
    }
  }

  private static String takeMessage(long status) {
    try {
      String message = MEMORY.getString((long) MESSAGE.invokeExact(status));
      RELEASE_STATUS.invokeExact(status);
      return message;
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** A failed status, for a function of ours to return. */
  static long failure(long message) {
    try {
      return (long) CREATE_STATUS.invokeExact(1, message);
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  static void createDomain(long name, long into) {
    check(() -> (long) CREATE_DOMAIN.invokeExact(name, into));
  }

  static void addOp(long domain, long op) {
    check(() -> (long) ADD_OP.invokeExact(domain, op));
  }

  static void addDomain(OrtSession.SessionOptions options, long domain) {
    long handle = handle(options);
    check(() -> (long) ADD_DOMAIN.invokeExact(handle, domain));
  }

  private static long handle(OrtSession.SessionOptions options) {
    return handle(OrtSession.SessionOptions.class, options);
  }

  static long handle(OrtSession session) {
    return handle(OrtSession.class, session);
  }

  private static <T> long handle(Class<T> type, T owner) {
    try {
      var field = type.getDeclaredField("nativeHandle");
      field.setAccessible(true);
      return field.getLong(owner);
    } catch (ReflectiveOperationException failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** A value, or 0 for an optional one that the node leaves out. */
  static long input(long context, int index, long out) {
    try {
      check((long) INPUT.invokeExact(context, (long) index, out));
      return MEMORY.get(JAVA_LONG, out);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  static long output(long context, int index, long dimensions, int rank, long out) {
    try {
      check((long) OUTPUT.invokeExact(context, (long) index, dimensions, (long) rank, out));
      return MEMORY.get(JAVA_LONG, out);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  static long data(long value, long out) {
    try {
      check((long) DATA.invokeExact(value, out));
      return MEMORY.get(JAVA_LONG, out);
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }

  /** Writes a tensor's dimensions behind {@code dimensions} and returns how many there are. */
  static int shape(long value, long dimensions, int room, long out) {
    try {
      check((long) SHAPE.invokeExact(value, out));
      long shape = MEMORY.get(JAVA_LONG, out);
      check((long) RANK.invokeExact(shape, out));
      long rank = MEMORY.get(JAVA_LONG, out);
      if (rank <= room) {
        check((long) DIMENSIONS.invokeExact(shape, dimensions, rank));
      }
      RELEASE_SHAPE.invokeExact(shape);
      if (rank > room) {
        throw new IllegalStateException("a tensor of " + rank + " dimensions");
      }
      return (int) rank;
    } catch (RuntimeException failure) {
      throw failure;
    } catch (Throwable failure) {
      throw new IllegalStateException(failure);
    }
  }
}
