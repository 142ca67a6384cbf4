package dev.postern.ops.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A log file that never takes more than twice its limit: when full it becomes {@code NAME.1}, and
 * the one before that is gone.
 */
public final class BoundedLog implements AutoCloseable {
  private static final int REMEMBERED_LINES = 20;

  private final Path file;
  private final long limit;
  private final ArrayDeque<String> last = new ArrayDeque<>();
  private @Nullable OutputStream out;
  private long size;

  /**
   * @param limit bytes after which the file is turned over
   */
  public BoundedLog(Path file, long limit) {
    this.file = file;
    this.limit = limit;
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      open();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write the log " + file, e);
    }
  }

  public Path file() {
    return file;
  }

  /** Appends a line. A full disk loses lines and stops nobody. */
  public synchronized void line(String line) {
    if (last.size() == REMEMBERED_LINES) {
      last.removeFirst();
    }
    last.addLast(line);
    try {
      if (out == null || size > limit) {
        turnOver();
      }
      var bytes = (line + "\n").getBytes(UTF_8);
      size += bytes.length;
      if (out != null) {
        out.write(bytes);
      }
    } catch (IOException e) {
      out = null;
    }
  }

  /** The newest lines, for a message about a process that failed. */
  public synchronized List<String> lastLines() {
    return List.copyOf(last);
  }

  @Override
  public synchronized void close() {
    try {
      if (out != null) {
        out.close();
      }
    } catch (IOException e) {
      // Nothing is buffered here, so nothing is lost.
    }
    out = null;
  }

  private void turnOver() throws IOException {
    close();
    if (size > limit) {
      var previous = file.resolveSibling(file.getFileName() + ".1");
      Files.move(file, previous, StandardCopyOption.REPLACE_EXISTING);
    }
    open();
  }

  private void open() throws IOException {
    out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    size = Files.size(file);
  }
}
