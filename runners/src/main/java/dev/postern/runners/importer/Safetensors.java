package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Safetensors files, mapped: eight bytes of header length, a JSON header, the tensors' bytes. Every
 * length and offset is checked when a file is opened; tensors must cover the data without gap or
 * overlap, as the format asks.
 */
public final class Safetensors implements AutoCloseable {
  private static final long MAX_HEADER = 32 << 20;
  private static final int MAX_TENSORS = 1 << 17;
  private static final int MAX_RANK = 8;
  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Arena arena = Arena.ofShared();
  private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

  private Safetensors() {}

  /**
   * @param files the parts of one model; a tensor may be in one of them only
   */
  public static Safetensors open(List<Path> files) throws IOException {
    var opened = new Safetensors();
    try {
      for (Path file : files) {
        opened.add(file);
      }
      return opened;
    } catch (IOException | RuntimeException failure) {
      opened.close();
      throw failure;
    }
  }

  public Map<String, StoredTensor> tensors() {
    return Collections.unmodifiableMap(tensors);
  }

  private void add(Path path) throws IOException {
    MemorySegment file;
    try (FileChannel channel = FileChannel.open(path)) {
      file = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
    }
    if (file.byteSize() < 8) {
      throw malformed(path.getFileName() + " is not a safetensors file");
    }
    long length = file.get(LENGTH, 0);
    if (length < 2 || length > MAX_HEADER || length > file.byteSize() - 8) {
      throw malformed("the header of %s has an impossible length".formatted(path.getFileName()));
    }
    byte[] header = file.asSlice(8, length).toArray(ValueLayout.JAVA_BYTE);
    try (JsonParser json = JsonFiles.FACTORY.createParser(header)) {
      read(json, file.asSlice(8 + length));
    } catch (JsonProcessingException failure) {
      throw malformed("the header of %s is not sound JSON".formatted(path.getFileName()));
    }
  }

  private void read(JsonParser json, MemorySegment data) throws IOException {
    var entries = new ArrayList<Entry>();
    expect(json.nextToken() == JsonToken.START_OBJECT);
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      expect(json.nextToken() == JsonToken.START_OBJECT);
      if (name.equals("__metadata__")) {
        json.skipChildren();
        continue;
      }
      expect(entries.size() < MAX_TENSORS);
      entries.add(entry(name, json));
    }
    expect(json.currentToken() == JsonToken.END_OBJECT && json.nextToken() == null);
    requireCover(entries, data.byteSize());
    for (Entry entry : entries) {
      if (entry.type == null) {
        continue;
      }
      var tensor =
          new StoredTensor(
              entry.name,
              entry.shape,
              entry.type,
              data.asSlice(entry.begin, entry.end - entry.begin));
      if (tensors.put(entry.name, tensor) != null) {
        throw malformed("tensor %s occurs twice".formatted(quoted(entry.name)));
      }
    }
  }

  /**
   * @param type null for one of whole numbers: encoders keep their positions so, which says nothing
   */
  private record Entry(String name, @Nullable GgufType type, long[] shape, long begin, long end) {}

  private static Entry entry(String name, JsonParser json) throws IOException {
    String type = "";
    long[] shape = {};
    long[] offsets = {};
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "dtype" -> type = json.getValueAsString("");
        case "shape" -> shape = numbers(json);
        case "data_offsets" -> offsets = numbers(json);
        default -> throw malformed("tensor %s has a field it should not".formatted(quoted(name)));
      }
    }
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw malformed("tensor %s has impossible offsets".formatted(quoted(name)));
    }
    GgufType known =
        switch (type) {
          case "I64" -> null;
          case "F32" -> GgufType.F32;
          case "F16" -> GgufType.F16;
          case "BF16" -> GgufType.BF16;
          default ->
              throw unsupported("tensor %s has type %s".formatted(quoted(name), quoted(type)));
        };
    long elements = StoredTensor.elements(name, shape);
    if (offsets[1] - offsets[0] != elements * (known == null ? Long.BYTES : known.blockBytes())) {
      throw malformed("tensor %s is not as long as its shape".formatted(quoted(name)));
    }
    return new Entry(name, known, shape, offsets[0], offsets[1]);
  }

  private static long[] numbers(JsonParser json) throws IOException {
    expect(json.currentToken() == JsonToken.START_ARRAY);
    var numbers = new ArrayList<Long>();
    while (json.nextToken() == JsonToken.VALUE_NUMBER_INT) {
      expect(
          numbers.size() < MAX_RANK && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER);
      expect(json.getLongValue() >= 0);
      numbers.add(json.getLongValue());
    }
    expect(json.currentToken() == JsonToken.END_ARRAY);
    return numbers.stream().mapToLong(Long::longValue).toArray();
  }

  private static void requireCover(List<Entry> entries, long bytes) {
    long end = 0;
    for (Entry entry : entries.stream().sorted(Comparator.comparingLong(Entry::begin)).toList()) {
      if (entry.begin != end) {
        throw malformed("tensor %s overlaps or leaves a gap".formatted(quoted(entry.name)));
      }
      end = entry.end;
    }
    if (end != bytes) {
      throw malformed("its tensors take %d bytes of %d".formatted(end, bytes));
    }
  }

  private static void expect(boolean sound) {
    if (!sound) {
      throw malformed("a safetensors header is not of the expected form");
    }
  }

  @Override
  public void close() {
    arena.close();
  }
}
