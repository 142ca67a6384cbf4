package dev.postern.ops.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The words that start another JVM with this one's classes. */
public final class ChildJvm {
  private ChildJvm() {}

  /** What comes before {@code java}: where the system can, the child ends with this process. */
  public static List<String> tie() {
    return Command.onPath("setpriv") ? List.of("setpriv", "--pdeathsig", "KILL") : List.of();
  }

  /**
   * {@code java} and its options, up to the class path.
   *
   * @param heapMegabytes the most heap
   */
  public static List<String> java(int heapMegabytes) {
    var words = new ArrayList<String>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(
        List.of(
            "-Xmx" + heapMegabytes + "m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow"));
    var libraries = System.getProperty("postern.runner.native");
    if (libraries != null && Files.isDirectory(Path.of(libraries))) {
      words.add("-Donnxruntime.native.path=" + libraries);
    }
    words.addAll(List.of("-cp", System.getProperty("java.class.path")));
    return words;
  }
}
