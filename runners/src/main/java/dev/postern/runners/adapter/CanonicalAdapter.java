package dev.postern.runners.adapter;

import static dev.postern.runners.importer.ImportException.malformed;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.adapter.PeftFolder.Pair;
import dev.postern.runners.adapter.PeftFolder.Place;
import dev.postern.runners.importer.StoredTensor;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedMap;

/**
 * The one way to write an adapter down: safetensors of 32-bit floats with the tensors {@code
 * layer.N.TARGET.down} (rank × inputs) and {@code .up} (outputs × rank, times the scale), by layer
 * and target.
 */
final class CanonicalAdapter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private CanonicalAdapter() {}

  static String down(int layer, AdapterTarget target) {
    return "layer." + layer + "." + target.label() + ".down";
  }

  static String up(int layer, AdapterTarget target) {
    return "layer." + layer + "." + target.label() + ".up";
  }

  static void write(SortedMap<Place, Pair> pairs, Path file) throws IOException {
    ObjectNode header = JSON.createObjectNode();
    long end = 0;
    for (Map.Entry<Place, Pair> pair : pairs.entrySet()) {
      Place place = pair.getKey();
      end = describe(header, down(place.layer(), place.target()), pair.getValue().down(), end);
      end = describe(header, up(place.layer(), place.target()), pair.getValue().up(), end);
    }
    byte[] text = JSON.writeValueAsBytes(header);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16)) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).array());
      out.write(text);
      for (Pair pair : pairs.values()) {
        write(pair.down(), 1, out);
        write(pair.up(), pair.scale(), out);
      }
    }
  }

  private static long describe(ObjectNode header, String name, StoredTensor tensor, long begin) {
    long end = begin + tensor.elements() * Float.BYTES;
    ObjectNode entry = header.putObject(name).put("dtype", "F32");
    entry.putArray("shape").add(tensor.shape()[0]).add(tensor.shape()[1]);
    entry.putArray("data_offsets").add(begin).add(end);
    return end;
  }

  private static void write(StoredTensor tensor, double scale, OutputStream out)
      throws IOException {
    float[] values = tensor.floats();
    var bytes = ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      float scaled = (float) (value * scale);
      if (!Float.isFinite(scaled)) {
        throw malformed("the adapter has numbers that are not finite");
      }
      bytes.putFloat(scaled);
    }
    out.write(bytes.array());
  }
}
