package dev.postern.ops;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One running Postern a home. The kernel releases the lock when the process ends, however. */
public final class InstanceLock implements AutoCloseable {
  private final FileChannel channel;

  private InstanceLock(FileChannel channel) {
    this.channel = channel;
  }

  /** Takes the lock, or throws {@link UsageException} when another Postern has it. */
  public static InstanceLock take(Home home) throws IOException {
    var channel =
        FileChannel.open(home.lock(), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (tryLock(channel) == null) {
      channel.close();
      var holder = holder(home);
      throw new UsageException(
          "another Postern already runs on "
              + home.folder()
              + (holder.isPresent() ? " (process " + holder.getAsLong() + ")" : "")
              + ". Stop it with: ./postern stop --home "
              + home.folder());
    }
    channel.truncate(0);
    channel.write(ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(UTF_8)));
    return new InstanceLock(channel);
  }

  /** The process that holds the lock of this home. */
  public static OptionalLong holder(Home home) throws IOException {
    if (!Files.exists(home.lock())) {
      return OptionalLong.empty();
    }
    try (var channel = FileChannel.open(home.lock(), StandardOpenOption.WRITE)) {
      if (tryLock(channel) != null) {
        return OptionalLong.empty();
      }
    }
    try {
      return OptionalLong.of(Long.parseLong(Files.readString(home.lock()).strip()));
    } catch (NumberFormatException e) {
      return OptionalLong.empty();
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
