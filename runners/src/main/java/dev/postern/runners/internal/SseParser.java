package dev.postern.runners.internal;

import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Cuts a byte stream into the {@code data:} payloads of server-sent events, wherever the network
 * cut it. Lines end with LF, CRLF or CR; comments and other fields are skipped.
 */
final class SseParser {
  /** The stream is not one that we are ready to hold in memory. */
  static final class TooLong extends Exception {
    TooLong(int limit) {
      super("an event is longer than " + limit + " bytes", null, false, false);
    }
  }

  private static final byte[] DATA = {'d', 'a', 't', 'a'};

  private final int maxEventBytes;
  private @Nullable Buffer partialLine;
  private @Nullable Buffer event;
  private boolean skipLineFeed;

  SseParser(int maxEventBytes) {
    this.maxEventBytes = maxEventBytes;
  }

  /** Adds the payloads that this read completes to {@code events}. */
  void feed(Buffer read, List<Buffer> events) throws TooLong {
    var bytes = read.getBytes();
    int lineStart = 0;
    for (int i = 0; i < bytes.length; i++) {
      byte b = bytes[i];
      if (b == '\n' && skipLineFeed && i == lineStart) {
        lineStart = i + 1;
      } else if (b == '\n' || b == '\r') {
        line(read, bytes, lineStart, i, events);
        lineStart = i + 1;
      }
      skipLineFeed = b == '\r';
    }
    if (lineStart < bytes.length) {
      var rest = read.slice(lineStart, bytes.length);
      partialLine =
          partialLine == null ? Buffer.buffer().appendBuffer(rest) : partialLine.appendBuffer(rest);
      requireRoom(partialLine.length());
    }
  }

  private void line(Buffer read, byte[] bytes, int start, int end, List<Buffer> events)
      throws TooLong {
    if (partialLine == null) {
      wholeLine(read, bytes, start, end, events);
    } else {
      var whole = partialLine.appendBytes(bytes, start, end - start);
      partialLine = null;
      wholeLine(whole, whole.getBytes(), 0, whole.length(), events);
    }
  }

  private void wholeLine(Buffer source, byte[] bytes, int start, int end, List<Buffer> events)
      throws TooLong {
    requireRoom(end - start);
    if (start == end) {
      if (event != null) {
        events.add(event);
        event = null;
      }
      return;
    }
    if (!startsWithData(bytes, start, end)) {
      return;
    }
    int payload = Math.min(end, start + DATA.length + 1);
    if (payload < end && bytes[payload] == ' ') {
      payload++;
    }
    var data = source.slice(payload, end);
    if (event == null) {
      event = data;
    } else {
      event = event.copy().appendByte((byte) '\n').appendBuffer(data);
      requireRoom(event.length());
    }
  }

  private static boolean startsWithData(byte[] bytes, int start, int end) {
    if (end - start < DATA.length) {
      return false;
    }
    for (int i = 0; i < DATA.length; i++) {
      if (bytes[start + i] != DATA[i]) {
        return false;
      }
    }
    return end - start == DATA.length || bytes[start + DATA.length] == ':';
  }

  private void requireRoom(int length) throws TooLong {
    if (length > maxEventBytes) {
      throw new TooLong(maxEventBytes);
    }
  }
}
