package dev.postern.runners.explain;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a thread stand back behind others without starving on a busy machine. Java's thread
 * priorities do nothing on Linux; its {@code setpriority} works on a single thread there.
 */
public final class Niceness {
  private static final Logger LOG = LoggerFactory.getLogger(Niceness.class);

  /** A third of the usual share of a core that others want too. */
  private static final int LOWER = 5;

  private Niceness() {}

  /** Lowers the calling thread, for good. Does nothing elsewhere than on Linux. */
  @SuppressWarnings("restricted")
  public static void lower() {
    if (!"Linux".equals(System.getProperty("os.name"))) {
      return;
    }
    try {
      Linker linker = Linker.nativeLinker();
      MethodHandle setPriority =
          linker.downcallHandle(
              linker.defaultLookup().find("setpriority").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT));
      // Of a process (0), the one that calls (0): on Linux that is a thread.
      int failed = (int) setPriority.invokeExact(0, 0, LOWER);
      if (failed != 0) {
        LOG.info("explanations run at the usual priority");
      }
    } catch (Throwable failure) {
      LOG.info("explanations run at the usual priority: {}", failure.toString());
    }
  }
}
