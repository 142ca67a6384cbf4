package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import dev.postern.runners.onnx.Attribute;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.LinearFormat.StoredMatrix;
import dev.postern.runners.onnx.Matrix;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import java.io.IOException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Emits the Llama architecture as an ONNX graph, from embedding to logits:
 *
 * <pre>
 * h = embed(ids)
 * for each layer:  h += attention(norm(h));  h += down(silu(gate(norm(h))) · up(norm(h)))
 * logits = head(norm(h))
 * </pre>
 *
 * Inputs and outputs carry the names that exported decoders share ({@code input_ids}, {@code
 * past_key_values.N.key} …). Attention is ONNX Runtime's GroupQueryAttention, which rotates, and
 * appends to the cache in place when past and present are the same buffer. An addition and the norm
 * after it are one node, so {@code residual} and {@code delta} travel apart until they meet it.
 */
final class LlamaGraph {
  private static final String BATCH = "batch_size";

  private final Gguf file;
  private final LlamaConfig config;
  private final LinearFormat format;
  private final OnnxGraph graph;
  private final LongConsumer progress;
  private final Set<String> used = new HashSet<>();
  private final Attribute epsilon;

  /**
   * @param progress told the bytes of each tensor once it is converted
   */
  LlamaGraph(
      Gguf file, LlamaConfig config, LinearFormat format, OnnxGraph graph, LongConsumer progress) {
    this.file = file;
    this.config = config;
    this.format = format;
    this.graph = graph;
    this.progress = progress;
    this.epsilon = Attribute.of("epsilon", config.epsilon());
  }

  void emit() throws IOException {
    String ids = graph.input("input_ids", TensorType.INT64, BATCH, "sequence_length");
    String mask = graph.input("attention_mask", TensorType.INT64, BATCH, "total_sequence_length");
    String keep = graph.input("num_logits_to_keep", TensorType.INT64, 1);
    graph.output("logits", TensorType.FLOAT, BATCH, "num_logits", config.vocabulary());
    lengths(mask);
    rotaryTables();

    StoredMatrix embedding =
        format.store(graph, "embed", matrix("token_embd", config.vocabulary(), config.width()));
    String residual = embedding.rows(ids, "embedded");
    String delta = null;
    for (int layer = 0; layer < config.layers(); layer++) {
      String name = "layer" + layer;
      Sum attentionIn = addAndNorm(name + ".attention", residual, delta, block(layer, "attn_norm"));
      String attended = attention(layer, attentionIn.normed());
      Sum feedForwardIn =
          addAndNorm(name + ".feed_forward", attentionIn.sum(), attended, block(layer, "ffn_norm"));
      delta = feedForward(layer, feedForwardIn.normed());
      residual = feedForwardIn.sum();
    }
    if (delta == null) {
      throw malformed("it has no layers");
    }
    String last = lastPositions(residual, delta, keep);
    StoredMatrix head =
        file.tensors().containsKey("output.weight")
            ? format.store(graph, "head", matrix("output", config.vocabulary(), config.width()))
            : embedding;
    head.multiply(last, "logits");
    refuseUnusedTensors();
  }

  /** What GroupQueryAttention wants to know: the last position of each row, and the longest row. */
  private void lengths(String mask) {
    String one = graph.vector("one", 1);
    String sums =
        graph.op("ReduceSum", List.of(mask, one), "mask_sum", Attribute.of("keepdims", 0));
    String lastPositions = graph.op("Sub", List.of(sums, one), "last_positions");
    graph.op("Cast", List.of(lastPositions), "seqlens_k", toInt32());
    String shape = graph.op("Shape", List.of(mask), "mask_shape");
    String total =
        graph.op(
            "Gather",
            List.of(shape, graph.scalar("second", 1)),
            "total_length",
            Attribute.of("axis", 0));
    graph.op("Cast", List.of(total), "total_sequence_length_int32", toInt32());
  }

  private static Attribute toInt32() {
    return Attribute.of("to", 6);
  }

  private void rotaryTables() throws IOException {
    int half = config.headWidth() / 2;
    int positions = config.contextLength();
    float[] factors = ropeFactors(half);
    float[] cos = new float[positions * half];
    float[] sin = new float[positions * half];
    for (int i = 0; i < half; i++) {
      double frequency = StrictMath.pow(config.ropeBase(), -2.0 * i / config.headWidth());
      for (int position = 0; position < positions; position++) {
        double angle = position / config.ropeScale() * frequency / factors[i];
        cos[position * half + i] = (float) StrictMath.cos(angle);
        sin[position * half + i] = (float) StrictMath.sin(angle);
      }
    }
    graph.constant("cos_cache", cos, positions, half);
    graph.constant("sin_cache", sin, positions, half);
  }

  /** Llama 3.1 and later slow each frequency down by a factor kept beside the weights. */
  private float[] ropeFactors(int half) {
    if (file.tensors().containsKey("rope_freqs.weight")) {
      return vector("rope_freqs", half);
    }
    float[] factors = new float[half];
    Arrays.fill(factors, 1);
    return factors;
  }

  private record Sum(String sum, String normed) {}

  private Sum addAndNorm(String name, String residual, @Nullable String delta, String weight)
      throws IOException {
    String scale = graph.constant(name + ".norm", vector(weight, config.width()), config.width());
    String normed = name + ".normed";
    if (delta == null) {
      graph.op(
          "SimplifiedLayerNormalization",
          List.of(residual, scale),
          normed,
          epsilon,
          Attribute.of("axis", -1));
      return new Sum(residual, normed);
    }
    String sum = name + ".sum";
    graph.contrib(
        "SkipSimplifiedLayerNormalization",
        List.of(residual, delta, scale),
        List.of(normed, "", "", sum),
        epsilon);
    return new Sum(sum, normed);
  }

  private String attention(int layer, String input) throws IOException {
    String name = "layer" + layer + ".attention";
    int heads = config.heads();
    int keyValueHeads = config.keyValueHeads();
    int headWidth = config.headWidth();
    int queryWidth = heads * headWidth;
    int keyWidth = keyValueHeads * headWidth;
    StoredMatrix queryKeyValue =
        format.store(
            graph,
            name + ".qkv",
            Matrix.stacked(
                List.of(
                    matrix(
                        block(layer, "attn_q"),
                        queryWidth,
                        config.width(),
                        GgufMatrix.halvesOfHeads(heads, headWidth)),
                    matrix(
                        block(layer, "attn_k"),
                        keyWidth,
                        config.width(),
                        GgufMatrix.halvesOfHeads(keyValueHeads, headWidth)),
                    matrix(block(layer, "attn_v"), keyWidth, config.width()))));
    String packed = queryKeyValue.multiply(input, name + ".qkv.out");
    String attended =
        graph.contrib(
            "GroupQueryAttention",
            List.of(
                packed,
                "",
                "",
                cache(true, "past_key_values." + layer + ".key"),
                cache(true, "past_key_values." + layer + ".value"),
                "seqlens_k",
                "total_sequence_length_int32",
                "cos_cache",
                "sin_cache"),
            List.of(
                name + ".out",
                cache(false, "present." + layer + ".key"),
                cache(false, "present." + layer + ".value")),
            Attribute.of("num_heads", heads),
            Attribute.of("kv_num_heads", keyValueHeads),
            Attribute.of("do_rotary", 1),
            Attribute.of("rotary_interleaved", 0),
            Attribute.of("scale", (float) (1 / Math.sqrt(headWidth))));
    StoredMatrix output =
        format.store(
            graph,
            name + ".output",
            matrix(block(layer, "attn_output"), config.width(), queryWidth));
    return output.multiply(attended, name + ".delta");
  }

  private String cache(boolean past, String name) {
    Object[] dimensions = {
      BATCH,
      config.keyValueHeads(),
      past ? "past_sequence_length" : "present_sequence_length",
      config.headWidth()
    };
    if (past) {
      graph.input(name, TensorType.FLOAT, dimensions);
    } else {
      graph.output(name, TensorType.FLOAT, dimensions);
    }
    return name;
  }

  private String feedForward(int layer, String input) throws IOException {
    String name = "layer" + layer + ".feed_forward";
    int inner = config.feedForwardWidth();
    StoredMatrix gateUp =
        format.store(
            graph,
            name + ".gate_up",
            Matrix.stacked(
                List.of(
                    matrix(block(layer, "ffn_gate"), inner, config.width()),
                    matrix(block(layer, "ffn_up"), inner, config.width()))));
    String packed = gateUp.multiply(input, name + ".gate_up.out");
    graph.op(
        "Split",
        List.of(packed),
        List.of(name + ".gate", name + ".up"),
        Attribute.of("axis", -1),
        Attribute.of("num_outputs", 2));
    // x · sigmoid(1 · x), which is SiLU.
    String silu =
        graph.contrib(
            "QuickGelu", List.of(name + ".gate"), name + ".silu", Attribute.of("alpha", 1f));
    String product = graph.op("Mul", List.of(silu, name + ".up"), name + ".product");
    StoredMatrix down =
        format.store(
            graph, name + ".down", matrix(block(layer, "ffn_down"), config.width(), inner));
    return down.multiply(product, name + ".delta");
  }

  /** Logits are wanted for the last positions only; the head is the largest product there is. */
  private String lastPositions(String residual, String delta, String keep) throws IOException {
    String start = graph.op("Neg", List.of(keep), "keep_from");
    String end = graph.vector("keep_to", Long.MAX_VALUE);
    String axis = "one";
    String lastResidual = graph.op("Slice", List.of(residual, start, end, axis), "last.residual");
    String lastDelta = graph.op("Slice", List.of(delta, start, end, axis), "last.delta");
    return addAndNorm("last", lastResidual, lastDelta, "output_norm").normed();
  }

  private static String block(int layer, String name) {
    return "blk." + layer + "." + name;
  }

  private GgufMatrix matrix(String name, int rows, int columns) {
    return matrix(name, rows, columns, null);
  }

  private GgufMatrix matrix(String name, int rows, int columns, int @Nullable [] order) {
    Gguf.Tensor tensor = take(name, columns, rows);
    return new GgufMatrix(tensor, order);
  }

  private float[] vector(String name, int length) {
    Gguf.Tensor tensor = take(name, length);
    float[] values = new float[length];
    tensor.type().decode(tensor.data(), 0, length, values);
    return values;
  }

  private Gguf.Tensor take(String name, long... dimensions) {
    Gguf.Tensor tensor = file.tensor(name + ".weight");
    if (!Arrays.equals(tensor.dimensions(), dimensions)) {
      throw malformed("tensor '" + tensor.name() + "' does not fit the model's dimensions");
    }
    used.add(tensor.name());
    progress.accept(tensor.data().byteSize());
    return tensor;
  }

  /** A tensor left over would mean an architecture that only looks like ours: wrong answers. */
  private void refuseUnusedTensors() {
    for (String name : file.tensors().keySet()) {
      if (!used.contains(name)) {
        throw unsupported("it has a tensor '" + name + "' that Llama models do not have");
      }
    }
  }
}
