package dev.postern.runners.importer;

import dev.postern.runners.onnx.FloatFormat;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/**
 * A process that imports one file and says how it went. Arguments: cache, file, and whether it
 * stops half way and waits.
 */
final class ImportProcess {
  static final String HALF_WAY = "half way";

  private ImportProcess() {}

  public static void main(String[] arguments) throws IOException {
    Path cache = Path.of(arguments[0]);
    boolean wait = Boolean.parseBoolean(arguments[2]);
    ImportProgress progress =
        (phase, done, total) -> {
          if (wait && phase == ImportProgress.Phase.CONVERT && done > total / 2) {
            waitForEnd();
          }
        };
    try {
      var model =
          new ModelImport(cache, new FloatFormat()).run(Path.of(arguments[1]), null, progress);
      System.out.println("imported " + model.digest());
    } catch (IOException | ImportException failure) {
      System.out.println("refused " + failure.getMessage());
    }
    try (Stream<Path> left = Files.list(cache.resolve("models"))) {
      System.out.println("left " + left.map(Path::getFileName).sorted().toList());
    }
  }

  private static void waitForEnd() {
    System.out.println(HALF_WAY);
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException closed) {
      throw new IllegalStateException(closed);
    }
  }
}
