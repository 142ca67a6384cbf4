package dev.postern.tenancy.internal.ledger;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps entries on disk while PostgreSQL is away: frames of length, CRC-32C and payload in one
 * file. What {@link #append} returned from survives a crash of process and machine. One process
 * owns the folder; its name as a holder of leases lives there too. Not thread-safe, and it blocks.
 */
final class Spool implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Spool.class);
  private static final int HEADER = 8;
  private static final int MAX_PAYLOAD = 1 << 20;

  /** Some frames in order, and where the next ones start. */
  record Part(List<byte[]> payloads, long next) {}

  private final Path folder;
  private final FileChannel lock;
  private final FileChannel file;
  private final UUID holder;
  private long end;

  private Spool(Path folder, FileChannel lock, FileChannel file, UUID holder) {
    this.folder = folder;
    this.lock = lock;
    this.file = file;
    this.holder = holder;
  }

  /** Opens the folder, made where it is missing; fails when another process has it. */
  static Spool open(Path folder) throws IOException {
    Files.createDirectories(folder);
    FileChannel lock =
        FileChannel.open(
            folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    if (!isMine(lock)) {
      lock.close();
      throw new IOException("another gateway uses the spool in " + folder);
    }
    FileChannel file =
        FileChannel.open(
            folder.resolve("entries"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    var spool = new Spool(folder, lock, file, holder(folder));
    spool.recover();
    return spool;
  }

  private static boolean isMine(FileChannel lock) throws IOException {
    try {
      return lock.tryLock() != null;
    } catch (OverlappingFileLockException held) {
      // By another gateway of this process.
      return false;
    }
  }

  private static UUID holder(Path folder) throws IOException {
    Path name = folder.resolve("holder");
    if (Files.exists(name)) {
      String text = Files.readString(name).strip();
      if (!text.isEmpty()) {
        return UUID.fromString(text);
      }
    }
    UUID made = UUID.randomUUID();
    write(name, ByteBuffer.wrap(made.toString().getBytes(StandardCharsets.UTF_8)));
    return made;
  }

  private static void write(Path path, ByteBuffer bytes) throws IOException {
    try (var out =
        FileChannel.open(
            path,
            StandardOpenOption.CREATE,
            StandardOpenOption.WRITE,
            StandardOpenOption.TRUNCATE_EXISTING)) {
      while (bytes.hasRemaining()) {
        out.write(bytes);
      }
      out.force(true);
    }
  }

  /** Finds the end. A frame that a crash cut short was never acknowledged; it is set aside. */
  private void recover() throws IOException {
    long size = file.size();
    while (end < size) {
      ByteBuffer frame = frameAt(end, size);
      if (frame == null) {
        break;
      }
      end += HEADER + frame.remaining();
    }
    if (end < size) {
      LOG.warn("The spool ends in {} bytes that are no whole entry; set aside", size - end);
      ByteBuffer torn = ByteBuffer.allocate(Math.toIntExact(Math.min(size - end, MAX_PAYLOAD)));
      readFully(torn, end);
      write(folder.resolve("torn"), torn.flip());
      file.truncate(end);
      file.force(true);
    }
  }

  /** The payload of the frame at a position; null where there is no whole one. */
  private @Nullable ByteBuffer frameAt(long position, long limit) throws IOException {
    if (position + HEADER > limit) {
      return null;
    }
    ByteBuffer header = ByteBuffer.allocate(HEADER);
    readFully(header, position);
    header.flip();
    int length = header.getInt();
    int checksum = header.getInt();
    if (length < 0 || length > MAX_PAYLOAD || position + HEADER + length > limit) {
      return null;
    }
    ByteBuffer payload = ByteBuffer.allocate(length);
    readFully(payload, position + HEADER);
    payload.flip();
    return checksum(payload) == checksum ? payload : null;
  }

  private void readFully(ByteBuffer into, long position) throws IOException {
    long at = position;
    while (into.hasRemaining()) {
      int read = file.read(into, at);
      if (read < 0) {
        throw new IOException("the spool is shorter than it was");
      }
      at += read;
    }
  }

  private static int checksum(ByteBuffer payload) {
    var crc = new CRC32C();
    crc.update(payload.duplicate());
    return (int) crc.getValue();
  }

  /** The name under which this gateway leases; the same after a restart. */
  UUID holder() {
    return holder;
  }

  boolean isEmpty() {
    return end == 0;
  }

  long end() {
    return end;
  }

  /** Writes all entries and waits until they are on disk. */
  void append(List<byte[]> payloads) throws IOException {
    int size = payloads.stream().mapToInt(payload -> HEADER + payload.length).sum();
    ByteBuffer frames = ByteBuffer.allocate(size);
    for (byte[] payload : payloads) {
      frames.putInt(payload.length).putInt(checksum(ByteBuffer.wrap(payload))).put(payload);
    }
    frames.flip();
    try {
      long at = end;
      while (frames.hasRemaining()) {
        at += file.write(frames, at);
      }
      file.force(false);
      end = at;
    } catch (IOException e) {
      // What was half written must not be taken for entries by the next start.
      file.truncate(end);
      throw e;
    }
  }

  Part read(long from, int maxEntries) throws IOException {
    List<byte[]> payloads = new ArrayList<>();
    long at = from;
    while (at < end && payloads.size() < maxEntries) {
      ByteBuffer payload = frameAt(at, end);
      if (payload == null) {
        throw new IOException("the spool is damaged at " + at);
      }
      at += HEADER + payload.remaining();
      payloads.add(payload.array());
    }
    return new Part(payloads, at);
  }

  /** Forgets all entries: PostgreSQL has them. */
  void clear() throws IOException {
    file.truncate(0);
    file.force(true);
    end = 0;
  }

  /** Sets an entry aside that PostgreSQL will never take, for a person to look at. */
  void reject(byte[] payload) throws IOException {
    try (var out =
        FileChannel.open(
            folder.resolve("rejected.jsonl"),
            StandardOpenOption.CREATE,
            StandardOpenOption.APPEND)) {
      ByteBuffer line = ByteBuffer.allocate(payload.length + 1).put(payload).put((byte) '\n');
      line.flip();
      while (line.hasRemaining()) {
        out.write(line);
      }
      out.force(true);
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
    lock.close();
  }
}
