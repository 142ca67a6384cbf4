package dev.postern.runners.onnx;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The external data file of a graph. Regions are reserved first and filled piece by piece, so that
 * a matrix of any size passes through small buffers.
 */
public final class WeightFile implements AutoCloseable {
  /** ONNX Runtime maps the file: page alignment lets it use the bytes where they are. */
  private static final int ALIGNMENT = 4096;

  private final FileChannel channel;
  private final String name;
  private long end;

  public WeightFile(Path path) throws IOException {
    this.channel = FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    this.name = path.getFileName().toString();
  }

  /** The name a graph beside the file refers to it by. */
  String name() {
    return name;
  }

  public Region reserve(long length) {
    long offset = (end + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    end = offset + length;
    return new Region(offset, length);
  }

  @Override
  public void close() throws IOException {
    channel.force(true);
    channel.close();
  }

  /** A stretch of the file. */
  public final class Region {
    private final long offset;
    private final long length;
    private long written;

    private Region(long offset, long length) {
      this.offset = offset;
      this.length = length;
    }

    long offset() {
      return offset;
    }

    long length() {
      return length;
    }

    public void append(ByteBuffer bytes) throws IOException {
      long at = written;
      written += bytes.remaining();
      write(at, bytes);
    }

    /** Writes at a place of the caller's choice. */
    public void write(long at, ByteBuffer bytes) throws IOException {
      if (bytes.remaining() > length - at) {
        throw new IllegalStateException("region is full");
      }
      long end = offset + at + bytes.remaining();
      while (bytes.hasRemaining()) {
        channel.write(bytes, end - bytes.remaining());
      }
    }
  }
}
