package dev.postern.runners.adapter;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.Projection;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * An adapter of random numbers, as PEFT would save it, to measure or try a model with.
 *
 * @param targets what it changes in every layer
 * @param size standard deviation of what each matrix adds to an output, for inputs of size one
 */
public record SampleAdapter(long seed, int rank, List<Projection> targets, double size) {
  private static final ObjectMapper JSON = new ObjectMapper();

  public SampleAdapter {
    targets = List.copyOf(targets);
  }

  /** Writes a folder of its own. */
  public Path write(Path folder, DecoderConfig model) throws IOException {
    Files.createDirectories(folder);
    ObjectNode config =
        JSON.createObjectNode().put("peft_type", "LORA").put("r", rank).put("lora_alpha", rank);
    Files.write(folder.resolve(PeftFolder.CONFIG), JSON.writeValueAsBytes(config));
    ObjectNode header = JSON.createObjectNode();
    long end = 0;
    for (int layer = 0; layer < model.layers(); layer++) {
      for (AdapterTarget target : adapterTargets()) {
        end = describe(header, layer, target, "A", rank, target.inputs(model), end);
        end = describe(header, layer, target, "B", target.outputs(model), rank, end);
      }
    }
    byte[] text = JSON.writeValueAsBytes(header);
    var random = new Random(seed);
    Path weights = folder.resolve(PeftFolder.WEIGHTS);
    try (var out = new BufferedOutputStream(Files.newOutputStream(weights), 1 << 16)) {
      out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(text.length).array());
      out.write(text);
      for (int layer = 0; layer < model.layers(); layer++) {
        for (AdapterTarget target : adapterTargets()) {
          int inputs = target.inputs(model);
          write(out, random, rank * inputs, 1 / Math.sqrt(inputs));
          write(out, random, target.outputs(model) * rank, size / Math.sqrt(rank));
        }
      }
    }
    return folder;
  }

  private List<AdapterTarget> adapterTargets() {
    return Arrays.stream(AdapterTarget.values())
        .filter(target -> target.projections().size() == 1)
        .filter(target -> targets.contains(target.projections().getFirst()))
        .toList();
  }

  private static long describe(
      ObjectNode header,
      int layer,
      AdapterTarget target,
      String half,
      int rows,
      int columns,
      long begin) {
    long end = begin + (long) rows * columns * Float.BYTES;
    ObjectNode entry =
        header
            .putObject(
                "base_model.model.model.layers.%d.%s.lora_%s.weight"
                    .formatted(layer, target.module(), half))
            .put("dtype", "F32");
    entry.putArray("shape").add(rows).add(columns);
    entry.putArray("data_offsets").add(begin).add(end);
    return end;
  }

  private static void write(OutputStream out, Random random, int count, double deviation)
      throws IOException {
    var bytes = ByteBuffer.allocate(count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < count; i++) {
      bytes.putFloat((float) (random.nextGaussian() * deviation));
    }
    out.write(bytes.array());
  }
}
