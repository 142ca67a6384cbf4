package dev.postern.runners.server;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * Processor time of this process by what its threads do, from {@code /proc}; empty on other systems
 * than Linux. A thread that ended counts for the process and for no part.
 */
final class CpuTimes {
  private static final Path TASKS = Path.of("/proc/self/task");
  private static final double TICKS_PER_SECOND = 100;

  /** Fields of {@code stat} behind the name, which may hold blanks and brackets itself. */
  private static final int USER_TICKS = 11;

  private CpuTimes() {}

  /** What a thread works for. */
  enum Part {
    /** Steps of models, ONNX Runtime's threads included. */
    ENGINE,
    /** Requests: sockets, JSON, tokenizing, sampling's hand-over. */
    HTTP,
    COMPILER,
    COLLECTOR,
    OTHER;

    private static Part of(String thread) {
      if (thread.startsWith("engine")
          || thread.startsWith("encoder")
          || thread.startsWith(ModelThreads.ENGINE)) {
        return ENGINE;
      }
      if (thread.startsWith("vert.x") || thread.startsWith("vertx")) {
        return HTTP;
      }
      if (thread.startsWith("C1 ") || thread.startsWith("C2 ")) {
        return COMPILER;
      }
      return thread.startsWith("VM Thread") || thread.startsWith("GC ") ? COLLECTOR : OTHER;
    }
  }

  /** Microseconds of the whole process; 0 where the system does not tell. */
  static long process() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? Math.max(0, system.getProcessCpuTime() / 1000)
        : 0;
  }

  /** Seconds since the start. */
  static Map<Part, Double> read() {
    var seconds = new EnumMap<Part, Double>(Part.class);
    if (!Files.isDirectory(TASKS)) {
      return seconds;
    }
    try (var tasks = Files.newDirectoryStream(TASKS)) {
      for (var task : tasks) {
        addTask(seconds, task);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return seconds;
  }

  private static void addTask(Map<Part, Double> seconds, Path task) {
    try {
      add(seconds, Files.readString(task.resolve("stat")));
    } catch (IOException e) {
      // It ended while the others were looked at.
    }
  }

  private static void add(Map<Part, Double> seconds, String stat) {
    var name = stat.substring(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    double ticks = Long.parseLong(fields[USER_TICKS]) + Long.parseLong(fields[USER_TICKS + 1]);
    seconds.merge(Part.of(name), ticks / TICKS_PER_SECOND, Double::sum);
  }
}
