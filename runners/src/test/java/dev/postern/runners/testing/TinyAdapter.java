package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * An adapter for a {@link TinyFamily}, with what PEFT made of the two. The fixtures are written by
 * {@code ops/reference/adapters.py}.
 */
public final class TinyAdapter {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int number;
  private final JsonNode fixture;

  private TinyAdapter(int number, JsonNode fixture) {
    this.number = number;
    this.fixture = fixture;
  }

  /** All that there are for a family. */
  public static List<TinyAdapter> read(String family) {
    try (InputStream in = TinyAdapter.class.getResourceAsStream("/adapters/" + family + ".json")) {
      var adapters = new ArrayList<TinyAdapter>();
      JSON.readTree(in).forEach(fixture -> adapters.add(new TinyAdapter(adapters.size(), fixture)));
      return adapters;
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  public ObjectNode config() {
    return fixture.get("config").deepCopy();
  }

  /** What follows the family's prompt, always taking the likeliest. */
  public List<Integer> greedy() {
    return IntStream.range(0, fixture.get("greedy").size())
        .mapToObj(i -> fixture.get("greedy").get(i).intValue())
        .toList();
  }

  /** Shapes by the names that PEFT gives tensors. */
  public Map<String, long[]> tensors() {
    return TinyFamily.shapes(fixture);
  }

  public float[] weights(String name) {
    long[] shape = Objects.requireNonNull(tensors().get(name));
    float[] values =
        TinyFamily.uniform("adapter " + number + " " + name, (int) (shape[0] * shape[1]));
    for (int i = 0; i < values.length; i++) {
      values[i] = values[i] / (float) Math.sqrt(shape[1]) * 4;
    }
    return values;
  }

  /** Writes adapter_config.json and adapter_model.safetensors. */
  public Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    var file = new SafetensorsWriter();
    tensors().forEach((name, shape) -> file.floats(name, weights(name), shape));
    Files.write(folder.resolve("adapter_model.safetensors"), file.bytes());
    Files.writeString(folder.resolve("adapter_config.json"), config().toString());
    return folder;
  }
}
