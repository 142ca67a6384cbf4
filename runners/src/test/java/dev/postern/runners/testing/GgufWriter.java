package dev.postern.runners.testing;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Writes GGUF files for tests. */
public final class GgufWriter {
  private static final int ALIGNMENT = 32;

  private final ByteArrayOutputStream metadata = new ByteArrayOutputStream();
  private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private final List<String> keys = new ArrayList<>();
  private int tensors;

  public GgufWriter text(String key, String value) {
    key(key, 8);
    string(metadata, value);
    return this;
  }

  public GgufWriter whole(String key, int value) {
    key(key, 4);
    metadata.writeBytes(ints(value));
    return this;
  }

  public GgufWriter real(String key, float value) {
    key(key, 6);
    metadata.writeBytes(ints(Float.floatToIntBits(value)));
    return this;
  }

  public GgufWriter flag(String key, boolean value) {
    key(key, 7);
    metadata.write(value ? 1 : 0);
    return this;
  }

  public GgufWriter texts(String key, List<String> values) {
    key(key, 9);
    metadata.writeBytes(ints(8));
    metadata.writeBytes(longs(values.size()));
    values.forEach(value -> string(metadata, value));
    return this;
  }

  public GgufWriter wholes(String key, int... values) {
    key(key, 9);
    metadata.writeBytes(ints(5));
    metadata.writeBytes(longs(values.length));
    metadata.writeBytes(ints(values));
    return this;
  }

  /** An array whose count is not what follows. */
  public GgufWriter lyingArray(String key, int type, long count) {
    key(key, 9);
    metadata.writeBytes(ints(type));
    metadata.writeBytes(longs(count));
    return this;
  }

  /** Raw metadata bytes after a key and its value type. */
  public GgufWriter raw(String key, int type, byte[] value) {
    key(key, type);
    metadata.writeBytes(value);
    return this;
  }

  /**
   * @param dimensions innermost first
   */
  public GgufWriter tensor(String name, int type, byte[] bytes, long... dimensions) {
    while (data.size() % ALIGNMENT != 0) {
      data.write(0);
    }
    return tensorAt(name, type, data.size(), bytes, dimensions);
  }

  public GgufWriter tensorAt(String name, int type, long offset, byte[] bytes, long... dimensions) {
    string(directory, name);
    directory.writeBytes(ints(dimensions.length));
    directory.writeBytes(longs(dimensions));
    directory.writeBytes(ints(type));
    directory.writeBytes(longs(offset));
    data.writeBytes(bytes);
    tensors++;
    return this;
  }

  public byte[] bytes() {
    var file = new ByteArrayOutputStream();
    file.writeBytes("GGUF".getBytes(StandardCharsets.US_ASCII));
    file.writeBytes(ints(3));
    file.writeBytes(longs(tensors, keys.size()));
    file.writeBytes(metadata.toByteArray());
    file.writeBytes(directory.toByteArray());
    while (file.size() % ALIGNMENT != 0) {
      file.write(0);
    }
    file.writeBytes(data.toByteArray());
    return file.toByteArray();
  }

  private void key(String key, int type) {
    keys.add(key);
    string(metadata, key);
    metadata.writeBytes(ints(type));
  }

  private static void string(ByteArrayOutputStream out, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeBytes(longs(bytes.length));
    out.writeBytes(bytes);
  }

  public static byte[] ints(int... values) {
    var buffer = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asIntBuffer().put(values);
    return buffer.array();
  }

  public static byte[] longs(long... values) {
    var buffer = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asLongBuffer().put(values);
    return buffer.array();
  }

  public static byte[] floats(float... values) {
    var buffer = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asFloatBuffer().put(values);
    return buffer.array();
  }
}
