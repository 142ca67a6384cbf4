package dev.postern.runners.adapter;

import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.Projection;
import dev.postern.runners.importer.Safetensors;
import dev.postern.runners.importer.StoredTensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How an import scaled the channels between a model's products (see {@link ModelFolder#CHANNELS}).
 * Adapters were trained on the model as it was, so their matrices are scaled likewise when they are
 * loaded.
 */
final class ChannelScales {
  static final ChannelScales NONE = new ChannelScales(Map.of());

  private final Map<String, float[]> scales;

  private ChannelScales(Map<String, float[]> scales) {
    this.scales = scales;
  }

  static ChannelScales read(Path modelFolder) throws IOException {
    Path file = modelFolder.resolve(ModelFolder.CHANNELS);
    if (!Files.isRegularFile(file)) {
      return NONE;
    }
    Map<String, float[]> scales = new HashMap<>();
    try (Safetensors tensors = Safetensors.open(List.of(file))) {
      for (StoredTensor tensor : tensors.tensors().values()) {
        scales.put(tensor.name(), tensor.floats());
      }
    }
    return new ChannelScales(scales);
  }

  /** What each column of a matrix was multiplied with. */
  float[] inputs(int layer, AdapterTarget target, int count) {
    return scales(target.projections().getFirst().in(layer) + ".columns", count);
  }

  /** What each row of a matrix was multiplied with. */
  float[] outputs(int layer, AdapterTarget target, DecoderConfig model) {
    float[] all = new float[target.outputs(model)];
    int at = 0;
    for (Projection projection : target.projections()) {
      float[] part = scales(projection.in(layer) + ".rows", model.rows(projection));
      System.arraycopy(part, 0, all, at, part.length);
      at += part.length;
    }
    return all;
  }

  private float[] scales(String name, int count) {
    float[] found = scales.get(name);
    if (found == null) {
      return ones(count);
    }
    if (found.length != count) {
      throw new IllegalStateException("the model's scales of " + name + " are of another length");
    }
    return found;
  }

  private static float[] ones(int count) {
    float[] ones = new float[count];
    Arrays.fill(ones, 1);
    return ones;
  }
}
