package dev.postern.runners.testing;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;

/**
 * A tiny model of one of the families, with what Hugging Face's implementation made of it. The
 * fixtures are written by {@code ops/reference/families.py}; weights are a function of a tensor's
 * name, the same there and here.
 */
public final class TinyFamily {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final JsonNode fixture;

  private TinyFamily(JsonNode fixture) {
    this.fixture = fixture;
  }

  public static TinyFamily read(String name) {
    try (InputStream in = TinyFamily.class.getResourceAsStream("/families/" + name + ".json")) {
      return new TinyFamily(JSON.readTree(in));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  public ObjectNode config() {
    return fixture.get("config").deepCopy();
  }

  public int[] prompt() {
    return whole("prompt");
  }

  /** What follows the prompt, always taking the likeliest. */
  public int[] greedy() {
    return whole("greedy");
  }

  /** Of the prompt's last position. */
  public float[] firstLogits() {
    return reals("first_logits");
  }

  /** Of the last position but one of prompt and continuation together. */
  public float[] lastLogits() {
    return reals("last_logits");
  }

  private int[] whole(String key) {
    return IntStream.range(0, fixture.get(key).size())
        .map(i -> fixture.get(key).get(i).intValue())
        .toArray();
  }

  private float[] reals(String key) {
    float[] values = new float[fixture.get(key).size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = fixture.get(key).get(i).floatValue();
    }
    return values;
  }

  /** Shapes by the names that Hugging Face gives tensors. */
  public Map<String, long[]> tensors() {
    return shapes(fixture);
  }

  static Map<String, long[]> shapes(JsonNode fixture) {
    Map<String, long[]> shapes = new LinkedHashMap<>();
    fixture
        .get("tensors")
        .properties()
        .forEach(entry ->
            shapes.put(
                entry.getKey(),
                IntStream.range(0, entry.getValue().size())
                    .mapToLong(i -> entry.getValue().get(i).longValue())
                    .toArray()));
    return shapes;
  }

  /** A tensor's values. */
  public float[] weights(String name) {
    long[] shape = Objects.requireNonNull(tensors().get(name));
    int count = (int) (shape.length == 1 ? shape[0] : shape[0] * shape[1]);
    boolean fromOne = fixture.get("config").get("model_type").asText().startsWith("gemma");
    float[] values = uniform(name, count);
    for (int i = 0; i < count; i++) {
      if (name.endsWith("norm.weight")) {
        values[i] = values[i] * 0.5f + (fromOne ? 0 : 1);
      } else if (shape.length == 1) {
        values[i] *= 0.5f;
      } else {
        values[i] = values[i] * 4 / (float) Math.sqrt(shape[1]);
      }
    }
    return values;
  }

  /** Numbers in [-0.5, 0.5): SplitMix64 seeded with the FNV-1a of the name, upper 24 bits. */
  public static float[] uniform(String name, int count) {
    long seed = 0xCBF29CE484222325L;
    for (byte character : name.getBytes(StandardCharsets.UTF_8)) {
      seed = (seed ^ (character & 255)) * 0x100000001B3L;
    }
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      long z = seed + (i + 1) * 0x9E3779B97F4A7C15L;
      z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
      z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
      z ^= z >>> 31;
      values[i] = (z >>> 40) / (float) (1 << 24) - 0.5f;
    }
    return values;
  }

  /** Writes config.json, model.safetensors and tokenizer.json. */
  public Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    var file = new SafetensorsWriter();
    tensors().forEach((name, shape) -> file.floats(name, weights(name), shape));
    Files.write(folder.resolve("model.safetensors"), file.bytes());
    Files.writeString(folder.resolve("config.json"), config().toString());
    Files.writeString(
        folder.resolve("tokenizer.json"), tokenizer(config().get("vocab_size").intValue()));
    return folder;
  }

  /** One token for each byte, control tokens, and others that no text has. */
  public static String tokenizer(int size) {
    ObjectNode tokenizer = JSON.createObjectNode();
    tokenizer.put("version", "1.0");
    var added = tokenizer.putArray("added_tokens");
    ObjectNode model = JSON.createObjectNode().put("type", "BPE").put("byte_fallback", false);
    ObjectNode vocabulary = model.putObject("vocab");
    var pieces = TinyLlama.vocabulary();
    for (int id = 0; id < size; id++) {
      boolean control = id < 3;
      String piece = id < 259 ? pieces.get(id) : "unused " + id;
      vocabulary.put(piece, id);
      if (control) {
        added
            .addObject()
            .put("id", id)
            .put("content", piece)
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", true);
      }
    }
    model.putArray("merges");
    tokenizer.putNull("normalizer");
    tokenizer
        .putObject("pre_tokenizer")
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
    tokenizer.set("model", model);
    return tokenizer.toString();
  }
}
