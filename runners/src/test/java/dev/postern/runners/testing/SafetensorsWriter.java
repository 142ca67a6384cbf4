package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Writes safetensors files for tests. */
public final class SafetensorsWriter {
  private final ObjectNode header = new ObjectMapper().createObjectNode();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();

  /**
   * @param shape outermost first
   */
  public SafetensorsWriter floats(String name, float[] values, long... shape) {
    return tensor(name, "F32", GgufWriter.floats(values), shape);
  }

  public SafetensorsWriter tensor(String name, String type, byte[] bytes, long... shape) {
    ObjectNode entry = header.putObject(name);
    entry.put("dtype", type);
    var dimensions = entry.putArray("shape");
    for (long dimension : shape) {
      dimensions.add(dimension);
    }
    entry.putArray("data_offsets").add(data.size()).add(data.size() + bytes.length);
    data.writeBytes(bytes);
    return this;
  }

  public byte[] bytes() {
    return bytes(header.toString());
  }

  /** The same data under a header of the test's own. */
  public byte[] bytes(String text) {
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    var file = new ByteArrayOutputStream();
    file.writeBytes(
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(json.length).array());
    file.writeBytes(json);
    file.writeBytes(data.toByteArray());
    return file.toByteArray();
  }

  public String header() {
    return header.toString();
  }
}
