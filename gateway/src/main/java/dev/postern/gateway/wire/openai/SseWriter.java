package dev.postern.gateway.wire.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** Joins server-sent events, so that what arrived together leaves in one write. Not thread-safe. */
public final class SseWriter {
  private static final byte[] DATA = "data: ".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] END = "\n\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] DONE = "data: [DONE]\n\n".getBytes(StandardCharsets.US_ASCII);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ByteArrayOutputStream out = new ByteArrayOutputStream(512);

  public void event(JsonNode data) {
    out.writeBytes(DATA);
    try {
      JSON.writeValue(out, data);
    } catch (IOException e) {
      // A tree always has a JSON form and the stream is in memory.
      throw new UncheckedIOException(e);
    }
    out.writeBytes(END);
  }

  public void event(Buffer json) {
    out.writeBytes(DATA);
    out.writeBytes(json.getBytes());
    out.writeBytes(END);
  }

  public void done() {
    out.writeBytes(DONE);
  }

  public boolean isEmpty() {
    return out.size() == 0;
  }

  /** What was written since the last call. */
  public Buffer take() {
    var events = Buffer.buffer(out.toByteArray());
    out.reset();
    return events;
  }

  /** One error event, after which a stream that has begun is closed. */
  public static Buffer error(ErrorAnswer answer) {
    var writer = new SseWriter();
    writer.event(answer.body());
    return writer.take();
  }
}
