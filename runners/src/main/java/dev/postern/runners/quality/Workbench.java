package dev.postern.runners.quality;

import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.importer.Trees;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.onnx.LinearFormat;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Where a model lies in floats while its formats are made and measured. There is one for a cache,
 * taken by one process at a time; what a killed process left in it goes when the next one comes.
 */
public final class Workbench implements AutoCloseable {
  private static final String FOLDER = "workbench";

  private final Path folder;
  private final Path source;
  private final FileChannel lock;
  private final ModelFolder floats;

  /** Another process works there. */
  public static final class Taken extends IOException {
    Taken() {
      super("the formats of a model are being made or measured already");
    }
  }

  /**
   * @param source the file the model was imported from
   * @throws Taken when another has it
   */
  public static Workbench open(Path cache, Path source, StudyProgress progress) throws IOException {
    Files.createDirectories(cache);
    FileChannel lock = lockFile(cache);
    try {
      if (!locked(lock)) {
        throw new Taken();
      }
      Path folder = cache.resolve(FOLDER);
      Trees.delete(folder);
      return new Workbench(folder, source, lock, progress);
    } catch (IOException | RuntimeException failure) {
      lock.close();
      throw failure;
    }
  }

  /** Removes what killed processes left in a cache; leaves alone what others are working on. */
  public static void clear(Path cache) throws IOException {
    if (!Files.isDirectory(cache)) {
      return;
    }
    try (FileChannel lock = lockFile(cache)) {
      if (locked(lock)) {
        Trees.delete(cache.resolve(FOLDER));
      }
    }
    ModelImport.clearLeftovers(cache);
  }

  private static FileChannel lockFile(Path cache) throws IOException {
    return FileChannel.open(
        cache.resolve("workbench.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  private static boolean locked(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException sameProcess) {
      return false;
    }
  }

  private Workbench(Path folder, Path source, FileChannel lock, StudyProgress progress)
      throws IOException {
    this.folder = folder;
    this.source = source;
    this.lock = lock;
    this.floats = scratch(new FloatFormat(), "reading it in floats", progress);
  }

  /** The model in floats. */
  public ModelFolder floats() {
    return floats;
  }

  /** Stores the model in a further format, until the workbench is closed. */
  ModelFolder scratch(LinearFormat format, String step, StudyProgress progress) throws IOException {
    return new ModelImport(folder, format).run(source, null, importing(step, progress));
  }

  /** Shows an import as a step. */
  static ImportProgress importing(String step, StudyProgress progress) {
    return (phase, done, total) -> {
      if (phase == ImportProgress.Phase.CONVERT && total > 0) {
        progress.at(step, (double) done / total);
      }
    };
  }

  @Override
  public void close() throws IOException {
    try {
      Trees.delete(folder);
    } finally {
      lock.close();
    }
  }
}
