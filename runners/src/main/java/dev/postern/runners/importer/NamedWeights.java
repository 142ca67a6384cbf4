package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.onnx.Matrix;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongConsumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds a decoder's weights among the tensors of a file by its family's name map, and undoes what
 * the file's makers did to them: matrices packed into one, heads interleaved, norms less one.
 */
final class NamedWeights implements WeightSource {
  private static final Pattern LAYER = Pattern.compile("layer\\.(\\d+)\\.(\\w+)");

  /** Matrices that may lie one below the other in one tensor, in order. */
  private static final List<List<Projection>> PACKED =
      List.of(
          List.of(Projection.Q, Projection.K, Projection.V),
          List.of(Projection.GATE, Projection.UP));

  private final Map<String, StoredTensor> tensors;
  private final Map<String, String> names;
  private final DecoderConfig config;
  private final Quirks quirks;
  private final LongConsumer progress;
  private final Set<String> used = new HashSet<>();

  /**
   * @param interleavedHeads whether q and k have the halves of their heads interleaved
   * @param normsFromOne whether 1 is to be added to all norms
   */
  record Quirks(boolean interleavedHeads, boolean normsFromOne) {}

  /**
   * @param names from canonical names to the file's, with {@code *} for a layer's number
   * @param progress told the bytes of each tensor when it is first asked for
   */
  NamedWeights(
      Map<String, StoredTensor> tensors,
      Map<String, String> names,
      DecoderConfig config,
      Quirks quirks,
      LongConsumer progress) {
    this.tensors = tensors;
    this.names = names;
    this.config = config;
    this.quirks = quirks;
    this.progress = progress;
  }

  /**
   * What a file calls a weight; empty when its family has none such.
   *
   * @param names from canonical names to the file's, with {@code *} for a layer's number
   */
  static String nameInFile(Map<String, String> names, String name) {
    Matcher layer = LAYER.matcher(name);
    return layer.matches()
        ? names.getOrDefault("layer.*." + layer.group(2), "").replace("*", layer.group(1))
        : names.getOrDefault(name, "");
  }

  private String nameInFile(String name) {
    return nameInFile(names, name);
  }

  @Override
  public Matrix matrix(String name, int rows, int columns) {
    StoredTensor tensor = take(name);
    int first = rowsBefore(name, rows, tensor);
    boolean turned = name.endsWith(".q") || name.endsWith(".k");
    if (tensor.shape().length != 2 || tensor.shape()[1] != columns || first < 0) {
      throw tensor.misfit();
    }
    int[] order =
        turned && quirks.interleavedHeads
            ? TensorMatrix.halvesOfHeads(rows / config.headWidth(), config.headWidth())
            : TensorMatrix.run(first, rows);
    return new TensorMatrix(tensor, order);
  }

  /** The row at which a matrix begins in a tensor that packs several; -1 when it does not fit. */
  private int rowsBefore(String name, int rows, StoredTensor tensor) {
    Matcher layer = LAYER.matcher(name);
    if (layer.matches()) {
      int number = Integer.parseInt(layer.group(1));
      for (List<Projection> group : PACKED) {
        if (group.stream().allMatch(part -> nameInFile(part.in(number)).equals(tensor.name()))) {
          return rowsBefore(layer.group(2), group, tensor);
        }
      }
    }
    return tensor.shape()[0] == rows ? 0 : -1;
  }

  private int rowsBefore(String wanted, List<Projection> group, StoredTensor tensor) {
    int before = -1;
    int all = 0;
    for (Projection part : group) {
      before = part.label().equals(wanted) ? all : before;
      all += config.rows(part);
    }
    return tensor.shape()[0] == all ? before : -1;
  }

  @Override
  public float[] vector(String name, int length) {
    StoredTensor tensor = take(name);
    if (tensor.shape().length != 1 || tensor.shape()[0] != length) {
      throw tensor.misfit();
    }
    float[] values = tensor.floats();
    if (quirks.normsFromOne && name.endsWith("_norm")) {
      for (int i = 0; i < length; i++) {
        values[i] += 1;
      }
    }
    if (quirks.interleavedHeads && (name.endsWith(".q_bias") || name.endsWith(".k_bias"))) {
      int[] order = TensorMatrix.halvesOfHeads(length / config.headWidth(), config.headWidth());
      float[] stored = values.clone();
      for (int i = 0; i < length; i++) {
        values[i] = stored[order[i]];
      }
    }
    return values;
  }

  private StoredTensor take(String name) {
    StoredTensor tensor = tensors.get(nameInFile(name));
    if (tensor == null) {
      throw malformed("its weight %s (%s) is missing".formatted(quoted(nameInFile(name)), name));
    }
    if (used.add(tensor.name())) {
      progress.accept(tensor.data().byteSize());
    }
    return tensor;
  }

  /** A tensor left over would mean a model that only looks like its family: wrong answers. */
  void refuseUnused(Set<String> expected) {
    for (String name : tensors.keySet()) {
      if (!used.contains(name) && !expected.contains(name)) {
        throw unsupported(
            "it has a tensor %s that models of its family do not have".formatted(quoted(name)));
      }
    }
  }
}
