package dev.postern.runners.engine;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.stream.Stream;

/**
 * The processor time of an engine: of its own thread, and of those that ONNX Runtime made for its
 * session, of which Java knows nothing. On Linux a thread starts with the name of the one that made
 * it, so a session that is opened on a thread of a name of its own leaves its threads findable. On
 * other systems only the engine's own thread counts.
 *
 * <p>Not thread-safe: the engine's thread asks.
 */
final class EngineCpu implements LongSupplier {
  private static final Path TASKS = Path.of("/proc/self/task");
  private static final long NANOS = 1_000_000_000;

  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final String opener;
  private volatile int[] pool = {};
  private final MemorySegment time = Arena.ofAuto().allocate(2 * Long.BYTES, Long.BYTES);

  private EngineCpu(String opener) {
    this.opener = opener;
  }

  /**
   * @param name of the thread that opened the session, at most 15 characters; it must have ended
   */
  static EngineCpu ofSessionOpenedBy(String name) throws IOException {
    var cpu = new EngineCpu(name);
    cpu.lookForThreads();
    return cpu;
  }

  /** To be called when a further session was opened on a thread of the same name. */
  void lookForThreads() throws IOException {
    if (!System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("linux")) {
      return;
    }
    List<Integer> found = new ArrayList<>();
    try (Stream<Path> tasks = Files.list(TASKS)) {
      for (Path task : tasks.toList()) {
        if (opener.equals(comm(task))) {
          found.add(Integer.parseInt(task.getFileName().toString()));
        }
      }
    }
    pool = found.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Empty when the thread has ended meanwhile. */
  private static String comm(Path task) {
    try {
      return Files.readString(task.resolve("comm")).strip();
    } catch (IOException ended) {
      return "";
    }
  }

  int poolThreads() {
    return pool.length;
  }

  /** Nanoseconds since some point in time. */
  @Override
  public long getAsLong() {
    long nanos = threads.getCurrentThreadCpuTime();
    for (int thread : pool) {
      nanos += Native.threadNanos(thread, time);
    }
    return nanos;
  }

  private static final class Native {
    /** The processor time clock of a thread, as the kernel numbers it. */
    private static final int THREAD_SCHEDULED = 6;

    private static final MethodHandle CLOCK_GETTIME = clockGetTime();

    @SuppressWarnings("restricted")
    private static MethodHandle clockGetTime() {
      Linker linker = Linker.nativeLinker();
      return linker.downcallHandle(
          linker.defaultLookup().find("clock_gettime").orElseThrow(),
          FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    }

    private static long threadNanos(int thread, MemorySegment time) {
      try {
        int failed = (int) CLOCK_GETTIME.invokeExact(~thread << 3 | THREAD_SCHEDULED, time);
        return failed != 0
            ? 0
            : time.getAtIndex(JAVA_LONG, 0) * NANOS + time.getAtIndex(JAVA_LONG, 1);
      } catch (Throwable failure) {
        throw new IllegalStateException(failure);
      }
    }
  }
}
