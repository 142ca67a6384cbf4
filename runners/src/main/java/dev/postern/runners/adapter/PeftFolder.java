package dev.postern.runners.adapter;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.JsonFiles;
import dev.postern.runners.importer.Projection;
import dev.postern.runners.importer.Safetensors;
import dev.postern.runners.importer.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An adapter as PEFT saves it: {@code adapter_config.json} and {@code adapter_model.safetensors}.
 */
final class PeftFolder implements AutoCloseable {
  static final String CONFIG = "adapter_config.json";
  static final String WEIGHTS = "adapter_model.safetensors";
  private static final Pattern TENSOR =
      Pattern.compile(
          "base_model\\.model\\.((?:model\\.)?(?:language_model\\.)?(?:model\\.)?"
              + "layers\\.(\\d{1,4})\\.([a-z_]+\\.[a-z_]+))\\.lora_([AB])(?:\\.default)?\\.weight");

  /** Where in a model a pair of matrices belongs. */
  record Place(int layer, AdapterTarget target) implements Comparable<Place> {
    private static final Comparator<Place> ORDER =
        Comparator.comparingInt(Place::layer).thenComparing(Place::target);

    @Override
    public int compareTo(Place other) {
      return ORDER.compare(this, other);
    }
  }

  /**
   * The change {@code scale · up · down} of a matrix.
   *
   * @param down rank × inputs, PEFT's lora_A
   * @param up outputs × rank, PEFT's lora_B
   */
  record Pair(StoredTensor down, StoredTensor up, double scale) {
    int rank() {
      return (int) down.shape()[0];
    }
  }

  private static final class Half {
    @Nullable StoredTensor down;
    @Nullable StoredTensor up;
    String module = "";
  }

  private final PeftConfig config;
  private final Safetensors file;
  private final SortedMap<Place, Pair> pairs;

  /**
   * @throws dev.postern.runners.importer.ImportException when it is not an adapter that can be
   *     applied to the model
   */
  static PeftFolder open(Path folder, DecoderConfig model) throws IOException {
    for (String name : List.of(CONFIG, WEIGHTS)) {
      if (!Files.isRegularFile(folder.resolve(name))) {
        throw malformed("there is no %s in the adapter's folder".formatted(name));
      }
    }
    PeftConfig config = PeftConfig.read(JsonFiles.read(folder.resolve(CONFIG)));
    Safetensors file = Safetensors.open(List.of(folder.resolve(WEIGHTS)));
    try {
      return new PeftFolder(config, file, model);
    } catch (RuntimeException failure) {
      file.close();
      throw failure;
    }
  }

  private PeftFolder(PeftConfig config, Safetensors file, DecoderConfig model) {
    this.config = config;
    this.file = file;
    this.pairs = new TreeMap<>();
    Map<Place, Half> halves = new TreeMap<>();
    file.tensors().values().forEach(tensor -> sort(tensor, model, halves));
    if (halves.isEmpty()) {
      throw malformed("the adapter has no matrices");
    }
    halves.forEach((place, half) -> pairs.put(place, pair(place, half, model)));
    requireNoOverlap();
  }

  private static void sort(StoredTensor tensor, DecoderConfig model, Map<Place, Half> halves) {
    Matcher name = TENSOR.matcher(tensor.name());
    if (!name.matches()) {
      throw unsupported("the adapter changes %s".formatted(quoted(tensor.name())));
    }
    int layer = Integer.parseInt(name.group(2));
    AdapterTarget target = AdapterTarget.ofModule(name.group(3));
    if (target == null) {
      throw unsupported("the adapter changes %s".formatted(quoted(tensor.name())));
    }
    if (layer >= model.layers()) {
      throw unsupported(
          "the adapter changes layer %d of a model with %d".formatted(layer, model.layers()));
    }
    Half half = halves.computeIfAbsent(new Place(layer, target), _ -> new Half());
    half.module = name.group(1);
    boolean down = name.group(4).equals("A");
    if ((down ? half.down : half.up) != null) {
      throw malformed("tensor %s occurs twice".formatted(quoted(tensor.name())));
    }
    if (down) {
      half.down = tensor;
    } else {
      half.up = tensor;
    }
  }

  private Pair pair(Place place, Half half, DecoderConfig model) {
    StoredTensor down = half.down;
    StoredTensor up = half.up;
    if (down == null || up == null) {
      throw malformed("the adapter has half of a pair for %s".formatted(quoted(half.module)));
    }
    int rank = config.rank(half.module);
    int inputs = place.target().inputs(model);
    int outputs = place.target().outputs(model);
    if (rank < 1 || rank > PeftConfig.MAX_RANK) {
      throw malformed("the adapter's rank for %s is out of range".formatted(quoted(half.module)));
    }
    requireShape(down, rank, inputs);
    requireShape(up, outputs, rank);
    return new Pair(down, up, config.scale(half.module));
  }

  private static void requireShape(StoredTensor tensor, int rows, int columns) {
    long[] shape = tensor.shape();
    if (shape.length != 2 || shape[0] != rows || shape[1] != columns) {
      throw unsupported(
          "the adapter's %s is not of %d × %d numbers, as this model and its configuration want"
              .formatted(quoted(tensor.name()), rows, columns));
    }
  }

  /** A matrix must not be named alone and as a part of a packed one. */
  private void requireNoOverlap() {
    Set<String> changed = new HashSet<>();
    for (Place place : pairs.keySet()) {
      for (Projection projection : place.target().projections()) {
        if (!changed.add(projection.in(place.layer()))) {
          throw malformed("the adapter changes one matrix twice");
        }
      }
    }
  }

  /** The changes, by layer and target. */
  SortedMap<Place, Pair> pairs() {
    return pairs;
  }

  PeftConfig config() {
    return config;
  }

  @Override
  public void close() {
    file.close();
  }
}
