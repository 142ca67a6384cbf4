package dev.postern.runners.importer;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.postern.runners.onnx.Attribute;
import dev.postern.runners.onnx.BlockInt8Format;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import dev.postern.runners.onnx.WeightFile;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * How large the inputs of a decoder's products get, measured on texts: the decoder is built in a
 * format that needs no such knowledge, with the largest size in each channel as further outputs.
 */
final class Calibration {
  private static final String LARGEST = "largest.";

  private final DecoderConfig config;
  private final Map<String, float[]> largest = new LinkedHashMap<>();

  /** The largest size of each channel of each product's input, by the input's name in the graph. */
  record Sizes(Map<String, float[]> largest) {
    float[] of(String input) {
      return Objects.requireNonNull(largest.get(input), input);
    }
  }

  private Calibration(DecoderConfig config) {
    this.config = config;
    for (int layer = 0; layer < config.layers(); layer++) {
      for (String input : List.of("attention_in", "attended", "feed_forward_in", "product")) {
        int width =
            switch (input) {
              case "attended" -> config.queryWidth();
              case "product" -> config.feedForwardWidth();
              default -> config.width();
            };
        largest.put(WeightSource.of(layer, input), new float[width]);
      }
    }
    largest.put("last.normed", new float[config.width()]);
  }

  /**
   * @param folder for a graph and its weights, which are deleted again
   * @param texts as tokens
   */
  static Sizes measure(WeightSource weights, DecoderConfig config, List<int[]> texts, Path folder)
      throws IOException {
    var calibration = new Calibration(config);
    Path work = Files.createDirectory(folder.resolve("calibration"));
    try {
      Path graph = work.resolve("model.onnx");
      calibration.write(weights, work.resolve("weights.bin"), graph);
      calibration.run(graph, texts);
    } catch (OrtException failure) {
      throw new IOException("the model does not run", failure);
    } finally {
      Trees.delete(work);
    }
    return new Sizes(calibration.largest);
  }

  private void write(WeightSource weights, Path file, Path path) throws IOException {
    try (var weightFile = new WeightFile(file)) {
      var graph = new OnnxGraph("calibration", weightFile);
      new DecoderGraph(weights, config, new BlockInt8Format(), graph).emit();
      String allButChannels = graph.vector("all_but_channels", 0, 1);
      for (var input : largest.entrySet()) {
        String name = input.getKey();
        String sizes = graph.op("Abs", List.of(name), name + ".sizes");
        graph.op(
            "ReduceMax",
            List.of(sizes, allButChannels),
            LARGEST + name,
            Attribute.of("keepdims", 0));
        graph.output(LARGEST + name, TensorType.FLOAT, input.getValue().length);
      }
      graph.write(path);
    }
  }

  private void run(Path graph, List<int[]> texts) throws OrtException {
    Set<String> wanted =
        largest.keySet().stream().map(LARGEST::concat).collect(Collectors.toUnmodifiableSet());
    try (var options = options();
        var session = OrtEnvironment.getEnvironment().createSession(graph.toString(), options)) {
      for (int[] text : texts) {
        int length = Math.min(text.length, config.contextLength());
        Map<String, OnnxTensor> inputs = inputs(Arrays.copyOf(text, length));
        try (var result = session.run(inputs, wanted)) {
          for (var output : result) {
            take(
                output.getKey().substring(LARGEST.length()),
                ((OnnxTensor) output.getValue()).getFloatBuffer());
          }
        } finally {
          inputs.values().forEach(OnnxTensor::close);
        }
      }
    }
  }

  private static OrtSession.SessionOptions options() throws OrtException {
    var options = new OrtSession.SessionOptions();
    options.addConfigEntry("session.intra_op.allow_spinning", "0");
    return options;
  }

  private void take(String name, FloatBuffer sizes) {
    float[] all = Objects.requireNonNull(largest.get(name));
    for (int i = 0; i < all.length; i++) {
      all[i] = Math.max(all[i], sizes.get(i));
    }
  }

  private Map<String, OnnxTensor> inputs(int[] text) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    long[] ids = new long[text.length];
    long[] mask = new long[text.length];
    for (int i = 0; i < text.length; i++) {
      ids[i] = text[i];
      mask[i] = 1;
    }
    long[] shape = {1, text.length};
    Map<String, OnnxTensor> inputs = new HashMap<>();
    inputs.put("input_ids", OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape));
    inputs.put(
        "attention_mask", OnnxTensor.createTensor(environment, LongBuffer.wrap(mask), shape));
    inputs.put("num_logits_to_keep", OnnxTensor.createTensor(environment, new long[] {1}));
    long[] empty = {1, config.keyValueHeads(), 0, config.headWidth()};
    for (int layer = 0; layer < config.layers(); layer++) {
      for (String half : List.of("key", "value")) {
        inputs.put(
            "past_key_values." + layer + "." + half,
            OnnxTensor.createTensor(environment, FloatBuffer.allocate(0), empty));
      }
    }
    return inputs;
  }
}
