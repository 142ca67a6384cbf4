package dev.postern.runners.importer;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A folder to work in, which goes when it is closed. A process that is killed leaves its folder
 * behind, and with it a lock that nobody holds: by that the next one finds and removes it.
 */
final class WorkFolder implements AutoCloseable {
  private static final String LOCK = ".lock";

  private final Path path;
  private final Path lock;
  private final FileChannel held;

  private WorkFolder(Path path, Path lock, FileChannel held) {
    this.path = path;
    this.lock = lock;
    this.held = held;
  }

  /**
   * Makes one, after removing what killed processes left.
   *
   * @param prefix of its name, such as {@code .import-}
   */
  @SuppressWarnings(
      "MustBeClosedChecker") // The channel lives as long as the folder, which closes it.
  static WorkFolder create(Path parent, String prefix) throws IOException {
    sweep(parent, prefix);
    String name = prefix + UUID.randomUUID();
    // Locked before there is a folder, so that no sweep can take it for a leftover.
    Path lock = parent.resolve(name + LOCK);
    FileChannel held =
        FileChannel.open(lock, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    try {
      held.lock();
      return new WorkFolder(Files.createDirectory(parent.resolve(name)), lock, held);
    } catch (IOException | RuntimeException failure) {
      held.close();
      throw failure;
    }
  }

  Path path() {
    return path;
  }

  /** Removes what killed processes left. */
  static void sweep(Path parent, String prefix) throws IOException {
    List<Path> folders;
    try (Stream<Path> entries = Files.list(parent)) {
      folders =
          entries
              .filter(entry -> String.valueOf(entry.getFileName()).startsWith(prefix))
              .filter(Files::isDirectory)
              .toList();
    }
    for (Path folder : folders) {
      Path lock = folder.resolveSibling(folder.getFileName() + LOCK);
      if (!Files.exists(lock) || free(lock)) {
        Trees.delete(folder);
        Files.deleteIfExists(lock);
      }
    }
  }

  private static boolean free(Path lock) throws IOException {
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        var taken = channel.tryLock()) {
      return taken != null;
    } catch (OverlappingFileLockException ours) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    try {
      Trees.delete(path);
      Files.deleteIfExists(lock);
    } finally {
      held.close();
    }
  }
}
