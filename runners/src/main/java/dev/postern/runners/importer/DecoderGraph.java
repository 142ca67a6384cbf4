package dev.postern.runners.importer;

import dev.postern.runners.adapter.AdapterSite;
import dev.postern.runners.onnx.Attribute;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.LinearFormat.StoredMatrix;
import dev.postern.runners.onnx.Matrix;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Emits a decoder as an ONNX graph, from embedding to logits:
 *
 * <pre>
 * h = embed(ids)
 * for each layer:  h += attention(norm(h));  h += down(act(gate(norm(h))) · up(norm(h)))
 * logits = head(norm(h))
 * </pre>
 *
 * with what the {@link DecoderConfig} adds to it. Inputs and outputs carry the names that exported
 * decoders share ({@code input_ids}, {@code past_key_values.N.key} …). Attention is ONNX Runtime's
 * GroupQueryAttention, which rotates, and appends to the cache in place when past and present are
 * the same buffer. An addition and the norm after it are one node, so {@code residual} and {@code
 * delta} travel apart until they meet it.
 *
 * <p>Values inside a layer, for who reads or extends the graph; all but the last three are of shape
 * (batch, sequence, ·):
 *
 * <pre>
 * embedded             the stream that enters layer 0
 * layer.N.stream       the stream that enters layer N, from 1 on
 * layer.N.attention_in what is multiplied with q, k and v
 * layer.N.qkv          q, k and v side by side, before biases
 * layer.N.attended     what is multiplied with o
 * layer.N.o            what it gives
 * layer.N.middle       the stream between attention and feed-forward
 * layer.N.feed_forward_in, .gate_up (side by side), .product, .down   likewise
 * last.stream          the stream that leaves the last layer, of the kept positions
 * last.normed          what is multiplied with the head
 * logits
 * </pre>
 *
 * <p>Streams, norms and logits are floats of 32 bits; what lies between is what the format has
 * {@link LinearFormat#inside}, with {@code .narrow} and {@code .wide} behind the names of values
 * that cross the border.
 */
final class DecoderGraph {
  private static final String BATCH = "batch_size";

  private final WeightSource weights;
  private final DecoderConfig config;
  private final LinearFormat format;
  private final OnnxGraph graph;
  private final TensorType inside;
  private final RotaryTables rotaries;
  private final Attribute epsilon;

  DecoderGraph(WeightSource weights, DecoderConfig config, LinearFormat format, OnnxGraph graph) {
    this.weights = weights;
    this.config = config;
    this.format = format;
    this.graph = graph;
    this.inside = format.inside();
    this.rotaries = new RotaryTables(graph, inside, config.contextLength());
    this.epsilon = Attribute.of("epsilon", config.epsilon());
  }

  void emit() throws IOException {
    String ids = graph.input("input_ids", TensorType.INT64, BATCH, "sequence_length");
    String mask = graph.input("attention_mask", TensorType.INT64, BATCH, "total_sequence_length");
    String keep = graph.input("num_logits_to_keep", TensorType.INT64, 1);
    graph.output("logits", TensorType.FLOAT, BATCH, "num_logits", config.vocabulary());
    lengths(mask);
    if (config.queryKeyNorm()) {
      headShapes();
    }

    StoredMatrix embedding =
        format.store(graph, "embed", weights.matrix("embed", config.vocabulary(), config.width()));
    String residual = embedded(embedding, ids);
    String delta = null;
    for (int layer = 0; layer < config.layers(); layer++) {
      Sum attentionIn =
          addAndNorm(
              new Sum(name(layer, "stream"), name(layer, "attention_in")),
              residual,
              delta,
              name(layer, "attention_norm"));
      String attended = attention(layer, attentionIn.normed());
      Sum feedForwardIn =
          addAndNorm(
              new Sum(name(layer, "middle"), name(layer, "feed_forward_in")),
              attentionIn.sum(),
              attended,
              name(layer, "feed_forward_norm"));
      delta = feedForward(layer, feedForwardIn.normed());
      residual = feedForwardIn.sum();
    }
    String last = lastPositions(residual, Objects.requireNonNull(delta), keep);
    StoredMatrix head =
        config.tiedHead()
            ? embedding
            : format.store(
                graph, "head", weights.matrix("head", config.vocabulary(), config.width()));
    logits(head, last);
  }

  /** What GroupQueryAttention wants to know: the last position of each row, and the longest row. */
  private void lengths(String mask) {
    String one = graph.vector("one", 1);
    String sums =
        graph.op("ReduceSum", List.of(mask, one), "mask_sum", Attribute.of("keepdims", 0));
    String lastPositions = graph.op("Sub", List.of(sums, one), "last_positions");
    graph.op("Cast", List.of(lastPositions), "seqlens_k", to(TensorType.INT32));
    String shape = graph.op("Shape", List.of(mask), "mask_shape");
    String total =
        graph.op(
            "Gather",
            List.of(shape, graph.scalar("second", 1)),
            "total_length",
            Attribute.of("axis", 0));
    graph.op("Cast", List.of(total), "total_sequence_length_int32", to(TensorType.INT32));
  }

  private static Attribute to(TensorType type) {
    return Attribute.of("to", type.number());
  }

  /** From the stream's type to that of products. */
  private String narrow(String value) {
    return inside == TensorType.FLOAT
        ? value
        : graph.op("Cast", List.of(value), value + ".narrow", to(inside));
  }

  /** Back from the type of products to the stream's. */
  private String widen(String value) {
    return inside == TensorType.FLOAT ? value : widen(value, value + ".wide");
  }

  private String widen(String value, String output) {
    return graph.op("Cast", List.of(value), output, to(TensorType.FLOAT));
  }

  /** In a Reshape, 0 keeps a dimension and -1 takes what is left. */
  private void headShapes() {
    graph.vector("qkv.sizes", config.queryWidth(), config.keyWidth(), config.keyWidth());
    graph.vector("q.heads", 0, 0, config.heads(), config.headWidth());
    graph.vector("k.heads", 0, 0, config.keyValueHeads(), config.headWidth());
    graph.vector("heads.joined", 0, 0, -1);
  }

  private String embedded(StoredMatrix embedding, String ids) throws IOException {
    if (config.embeddingScale() == 1) {
      return inside == TensorType.FLOAT
          ? embedding.rows(ids, "embedded")
          : widen(embedding.rows(ids, "embed.rows"), "embedded");
    }
    String rows = widen(embedding.rows(ids, "embed.rows"));
    String scale = graph.number("embed.scale", config.embeddingScale());
    return graph.op("Mul", List.of(rows, scale), "embedded");
  }

  /** The names of a stream and of its norm. */
  private record Sum(String sum, String normed) {}

  private Sum addAndNorm(Sum names, String residual, @Nullable String delta, String weight)
      throws IOException {
    if (delta == null) {
      return new Sum(residual, norm(residual, names.normed, weight, config.width()));
    }
    graph.contrib(
        "SkipSimplifiedLayerNormalization",
        List.of(residual, delta, scale(weight, config.width())),
        List.of(names.normed, "", "", names.sum),
        epsilon);
    return names;
  }

  /** Normalises over the innermost dimension, {@code width} wide. */
  private String norm(String input, String output, String weight, int width) throws IOException {
    return norm(input, output, scale(weight, width));
  }

  private String norm(String input, String output, String scale) {
    return graph.op(
        "SimplifiedLayerNormalization",
        List.of(input, scale),
        output,
        epsilon,
        Attribute.of("axis", -1));
  }

  private String scale(String weight, int width) throws IOException {
    return graph.constant(weight, weights.vector(weight, width), width);
  }

  private String attention(int layer, String input) throws IOException {
    String packed =
        project(layer, List.of(Projection.Q, Projection.K, Projection.V), narrow(input), "qkv");
    if (config.projectionBias()) {
      float[] biases = biases(layer);
      String bias = graph.constant(name(layer, "qkv.bias"), inside, biases, biases.length);
      packed = graph.op("Add", List.of(packed, bias), name(layer, "qkv.biased"));
    }
    var inputs = new ArrayList<String>();
    if (config.queryKeyNorm()) {
      inputs.addAll(normedHeads(layer, packed));
    } else {
      inputs.addAll(List.of(packed, "", ""));
    }
    inputs.add(cache(true, "past_key_values." + layer + ".key"));
    inputs.add(cache(true, "past_key_values." + layer + ".value"));
    inputs.add("seqlens_k");
    inputs.add("total_sequence_length_int32");
    var attributes = new ArrayList<Attribute>();
    attributes.add(Attribute.of("num_heads", config.heads()));
    attributes.add(Attribute.of("kv_num_heads", config.keyValueHeads()));
    attributes.add(Attribute.of("scale", config.queryScale()));
    Rotary rotary = config.rotary(layer);
    if (rotary != null) {
      RotaryTables.Names tables = rotaries.of(rotary);
      inputs.add(tables.cosines());
      inputs.add(tables.sines());
      attributes.add(Attribute.of("do_rotary", 1));
      attributes.add(Attribute.of("rotary_interleaved", 0));
    }
    if (config.window(layer) > 0) {
      attributes.add(Attribute.of("local_window_size", config.window(layer)));
    }
    if (config.scoreCap() > 0) {
      attributes.add(Attribute.of("softcap", config.scoreCap()));
    }
    String attended =
        graph.contrib(
            "GroupQueryAttention",
            inputs,
            List.of(
                name(layer, "attended"),
                cache(false, "present." + layer + ".key"),
                cache(false, "present." + layer + ".value")),
            attributes.toArray(Attribute[]::new));
    String output = widen(project(layer, List.of(Projection.O), attended, "o"));
    return postNormed(layer, output, "post_attention_norm");
  }

  private float[] biases(int layer) {
    float[] all = new float[config.queryWidth() + 2 * config.keyWidth()];
    int at = 0;
    for (Projection part : List.of(Projection.Q, Projection.K, Projection.V)) {
      int rows = config.rows(part);
      System.arraycopy(weights.vector(part.in(layer) + "_bias", rows), 0, all, at, rows);
      at += rows;
    }
    return all;
  }

  /** Queries, keys and values apart, with each head of the first two normalised. */
  private List<String> normedHeads(int layer, String packed) throws IOException {
    List<String> parts = List.of(name(layer, "q"), name(layer, "k"), name(layer, "v"));
    graph.op("Split", List.of(packed, "qkv.sizes"), parts, Attribute.of("axis", -1));
    return List.of(
        normedHeads(layer, parts.get(0), "q_norm", "q.heads"),
        normedHeads(layer, parts.get(1), "k_norm", "k.heads"),
        parts.get(2));
  }

  private String normedHeads(int layer, String input, String weight, String headShape)
      throws IOException {
    String apart = graph.op("Reshape", List.of(input, headShape), input + ".heads");
    String name = name(layer, weight);
    int width = config.headWidth();
    String scale = graph.constant(name, inside, weights.vector(name, width), width);
    String normed = norm(apart, input + ".heads.normed", scale);
    return graph.op("Reshape", List.of(normed, "heads.joined"), input + ".normed");
  }

  private String cache(boolean past, String name) {
    Object[] dimensions = {
      BATCH,
      config.keyValueHeads(),
      past ? "past_sequence_length" : "present_sequence_length",
      config.headWidth()
    };
    if (past) {
      graph.input(name, inside, dimensions);
    } else {
      graph.output(name, inside, dimensions);
    }
    return name;
  }

  private String feedForward(int layer, String input) throws IOException {
    String packed =
        project(layer, List.of(Projection.GATE, Projection.UP), narrow(input), "gate_up");
    String gate = name(layer, "gate");
    String up = name(layer, "up");
    graph.op(
        "Split",
        List.of(packed),
        List.of(gate, up),
        Attribute.of("axis", -1),
        Attribute.of("num_outputs", 2));
    String product = graph.op("Mul", List.of(activated(gate), up), name(layer, "product"));
    String output = widen(project(layer, List.of(Projection.DOWN), product, "down"));
    return postNormed(layer, output, "post_feed_forward_norm");
  }

  private String activated(String gate) {
    String output = gate + ".activated";
    return switch (config.activation()) {
      // x · sigmoid(1 · x), which is SiLU.
      case SILU -> graph.contrib("QuickGelu", List.of(gate), output, Attribute.of("alpha", 1f));
      case GELU_TANH -> graph.contrib("FastGelu", List.of(gate), output);
    };
  }

  private String postNormed(int layer, String output, String weight) throws IOException {
    return config.postNorms()
        ? norm(output, output + ".normed", name(layer, weight), config.width())
        : output;
  }

  /**
   * Multiplies with one weight matrix of a layer, or with several that share their input and give
   * their outputs side by side. Every product of the layers is made here.
   */
  private String project(int layer, List<Projection> parts, String input, String output)
      throws IOException {
    List<Matrix> matrices = new ArrayList<>();
    for (Projection part : parts) {
      matrices.add(weights.matrix(part.in(layer), config.rows(part), config.columns(part)));
    }
    Matrix matrix = matrices.size() == 1 ? matrices.getFirst() : Matrix.stacked(matrices);
    String name = name(layer, output);
    String product = format.store(graph, name, matrix).multiply(input, name);
    if (inside == TensorType.FLOAT) {
      graph.adaptable(product, input, matrix.rows(), AdapterSite.of(output).number(layer));
    }
    return product;
  }

  /** Logits are wanted for the last positions only; the head is the largest product there is. */
  private String lastPositions(String residual, String delta, String keep) throws IOException {
    String start = graph.op("Neg", List.of(keep), "keep_from");
    String end = graph.vector("keep_to", Long.MAX_VALUE);
    String axis = "one";
    String lastResidual = graph.op("Slice", List.of(residual, start, end, axis), "last.residual");
    String lastDelta = graph.op("Slice", List.of(delta, start, end, axis), "last.delta");
    return addAndNorm(new Sum("last.stream", "last.normed"), lastResidual, lastDelta, "output_norm")
        .normed();
  }

  private void logits(StoredMatrix head, String input) throws IOException {
    if (config.logitCap() == 0) {
      if (inside == TensorType.FLOAT) {
        head.multiply(input, "logits");
      } else {
        widen(head.multiply(narrow(input), "logits.narrow"), "logits");
      }
      return;
    }
    String plain = widen(head.multiply(narrow(input), "logits.uncapped"));
    String cap = graph.number("logits.cap", config.logitCap());
    String part = graph.op("Div", List.of(plain, cap), "logits.part");
    String bounded = graph.op("Tanh", List.of(part), "logits.bounded");
    graph.op("Mul", List.of(bounded, cap), "logits");
  }

  private static String name(int layer, String name) {
    return WeightSource.of(layer, name);
  }
}
