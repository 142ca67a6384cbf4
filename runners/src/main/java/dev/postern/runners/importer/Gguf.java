package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A GGUF file, mapped. Opening reads the directory of metadata and tensors and checks every length
 * and offset against the file, so that nothing later can read outside it; arrays are only decoded
 * when asked for. A file that lies is an {@link ImportException}.
 */
public final class Gguf implements AutoCloseable {
  private static final int MAGIC = 0x46554747;
  private static final int MAX_ENTRIES = 1 << 17;
  private static final int MAX_KEY_BYTES = 1 << 16;
  private static final int MAX_STRING_BYTES = 1 << 24;
  private static final int MAX_ARRAY = 1 << 24;
  private static final int MAX_NESTING = 4;

  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** An array as it lies in the file. */
  private record ArrayValue(int type, long count, long offset) {}

  private final Arena arena;
  private final MemorySegment file;
  private final Map<String, Object> metadata = new LinkedHashMap<>();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();
  private long position;

  @SuppressWarnings("MustBeClosedChecker") // The arena lives as long as the Gguf, which closes it.
  public static Gguf open(Path path) throws IOException {
    Arena arena = Arena.ofShared();
    try (FileChannel channel = FileChannel.open(path)) {
      return new Gguf(arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
    } catch (IOException | RuntimeException failure) {
      arena.close();
      throw failure;
    }
  }

  private Gguf(Arena arena, MemorySegment file) {
    this.arena = arena;
    this.file = file;
    if (file.byteSize() < 24 || readInt() != MAGIC) {
      throw malformed("it does not begin like a GGUF file");
    }
    int version = readInt();
    if (version != 2 && version != 3) {
      throw malformed("GGUF version " + version + " is not known, only 2 and 3");
    }
    long tensorCount = readCount("tensor", MAX_ENTRIES);
    long metadataCount = readCount("metadata", MAX_ENTRIES);
    readMetadata(metadataCount);
    readTensors(tensorCount);
  }

  private void readMetadata(long count) {
    for (long i = 0; i < count; i++) {
      String key = readString(MAX_KEY_BYTES);
      if (metadata.put(key, readValue(readInt(), 0)) != null) {
        throw malformed("metadata key " + quoted(key) + " occurs twice");
      }
    }
  }

  private void readTensors(long count) {
    record Entry(String name, long[] dimensions, int type, long offset) {}
    var entries = new LinkedHashMap<String, Entry>();
    for (long i = 0; i < count; i++) {
      String name = readString(MAX_KEY_BYTES);
      int rank = readInt();
      if (rank < 1 || rank > 4) {
        throw malformed("tensor " + quoted(name) + " has " + rank + " dimensions");
      }
      long[] dimensions = new long[rank];
      for (int j = 0; j < rank; j++) {
        dimensions[j] = readLong();
      }
      var entry = new Entry(name, dimensions, readInt(), readLong());
      if (entries.put(name, entry) != null) {
        throw malformed("tensor " + quoted(name) + " occurs twice");
      }
    }
    long alignment = integer("general.alignment").orElse(32L);
    if (alignment < 1 || alignment > 1 << 20 || Long.bitCount(alignment) != 1) {
      throw malformed("alignment " + alignment + " is not a power of two");
    }
    long base = (position + alignment - 1) & -alignment;
    for (Entry entry : entries.values()) {
      GgufType type =
          GgufType.of(entry.type)
              .orElseThrow(() ->
                  ImportException.unsupported(
                      "tensor " + quoted(entry.name) + " has type number " + entry.type));
      long bytes = bytesOf(entry.name, entry.dimensions, type);
      if (entry.offset < 0
          || entry.offset % alignment != 0
          || base > file.byteSize()
          || entry.offset > file.byteSize() - base - bytes) {
        throw malformed("tensor " + quoted(entry.name) + " lies outside the file");
      }
      MemorySegment data = file.asSlice(base + entry.offset, bytes);
      tensors.put(
          entry.name, new StoredTensor(entry.name, outermostFirst(entry.dimensions), type, data));
    }
  }

  private static long[] outermostFirst(long[] dimensions) {
    long[] shape = new long[dimensions.length];
    for (int i = 0; i < shape.length; i++) {
      shape[i] = dimensions[shape.length - 1 - i];
    }
    return shape;
  }

  private long bytesOf(String name, long[] dimensions, GgufType type) {
    long elements = StoredTensor.elements(name, dimensions);
    if (dimensions[0] % type.blockElements() != 0) {
      throw malformed("tensor " + quoted(name) + " has rows that are not whole blocks");
    }
    return elements / type.blockElements() * type.blockBytes();
  }

  private Object readValue(int type, int depth) {
    return switch (type) {
      case 0 -> (long) Byte.toUnsignedInt(readByte());
      case 1 -> (long) readByte();
      case 2 -> (long) Short.toUnsignedInt(readShort());
      case 3 -> (long) readShort();
      case 4 -> Integer.toUnsignedLong(readInt());
      case 5 -> (long) readInt();
      case 6 -> (double) Float.intBitsToFloat(readInt());
      case 7 -> readByte() != 0;
      case 8 -> readString(MAX_STRING_BYTES);
      case 9 -> readArray(depth);
      case 10, 11 -> readLong();
      case 12 -> Double.longBitsToDouble(readLong());
      default -> throw malformed("value type " + type + " is not known");
    };
  }

  private ArrayValue readArray(int depth) {
    if (depth >= MAX_NESTING) {
      throw malformed("arrays are nested too deeply");
    }
    int type = readInt();
    long count = readCount("array element", MAX_ARRAY);
    var array = new ArrayValue(type, count, position);
    switch (type) {
      case 0, 1, 7 -> skip(count);
      case 2, 3 -> skip(count * 2);
      case 4, 5, 6 -> skip(count * 4);
      case 10, 11, 12 -> skip(count * 8);
      case 8 -> {
        for (long i = 0; i < count; i++) {
          skip(readLength(MAX_STRING_BYTES));
        }
      }
      case 9 -> {
        for (long i = 0; i < count; i++) {
          readArray(depth + 1);
        }
      }
      default -> throw malformed("array type " + type + " is not known");
    }
    return array;
  }

  private long take(long bytes) {
    if (bytes < 0 || bytes > file.byteSize() - position) {
      throw malformed("it ends in the middle of its directory");
    }
    long at = position;
    position += bytes;
    return at;
  }

  private void skip(long bytes) {
    take(bytes);
  }

  private byte readByte() {
    return file.get(JAVA_BYTE, take(1));
  }

  private short readShort() {
    return file.get(SHORT, take(2));
  }

  private int readInt() {
    return file.get(INT, take(4));
  }

  private long readLong() {
    return file.get(LONG, take(8));
  }

  private long readCount(String what, long most) {
    long count = readLong();
    if (count < 0 || count > most) {
      throw malformed("a " + what + " count of " + Long.toUnsignedString(count) + " is too large");
    }
    return count;
  }

  private long readLength(int most) {
    long length = readLong();
    if (length < 0 || length > most) {
      throw malformed("a text of " + Long.toUnsignedString(length) + " bytes is too long");
    }
    return length;
  }

  private String readString(int most) {
    long length = readLength(most);
    return text(take(length), length);
  }

  private String text(long offset, long length) {
    return new String(file.asSlice(offset, length).toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }

  public Map<String, StoredTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  public StoredTensor tensor(String name) {
    StoredTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw malformed("tensor " + quoted(name) + " is missing");
    }
    return tensor;
  }

  public boolean has(String key) {
    return metadata.containsKey(key);
  }

  public Optional<String> string(String key) {
    return value(key, String.class);
  }

  public Optional<Boolean> bool(String key) {
    return value(key, Boolean.class);
  }

  public Optional<Long> integer(String key) {
    return value(key, Long.class);
  }

  public Optional<Double> number(String key) {
    return metadata.get(key) instanceof Long whole
        ? Optional.of(whole.doubleValue())
        : value(key, Double.class);
  }

  /** The texts of an array, or nothing when there is no such key. */
  public String @Nullable [] strings(String key) {
    ArrayValue array = array(key, 8);
    if (array == null) {
      return null;
    }
    String[] values = new String[(int) array.count];
    long at = array.offset;
    for (int i = 0; i < values.length; i++) {
      long length = file.get(LONG, at);
      values[i] = text(at + 8, length);
      at += 8 + length;
    }
    return values;
  }

  /** The 32-bit integers of an array, or nothing when there is no such key. */
  public int @Nullable [] integers(String key) {
    ArrayValue array = array(key, 4, 5);
    return array == null ? null : file.asSlice(array.offset, array.count * 4).toArray(INT);
  }

  /** The 32-bit floats of an array, or nothing when there is no such key. */
  public float @Nullable [] floats(String key) {
    ArrayValue array = array(key, 6);
    return array == null ? null : file.asSlice(array.offset, array.count * 4).toArray(FLOAT);
  }

  private @Nullable ArrayValue array(String key, int... types) {
    Optional<ArrayValue> array = value(key, ArrayValue.class);
    for (int type : types) {
      if (array.isPresent() && array.get().type == type) {
        return array.get();
      }
    }
    if (array.isPresent()) {
      throw malformed("metadata " + quoted(key) + " is an array of another type");
    }
    return null;
  }

  private <T> Optional<T> value(String key, Class<T> type) {
    Object value = metadata.get(key);
    if (value != null && !type.isInstance(value)) {
      throw malformed("metadata " + quoted(key) + " is not of the expected type");
    }
    return Optional.ofNullable(value).map(type::cast);
  }

  @Override
  public void close() {
    arena.close();
  }
}
