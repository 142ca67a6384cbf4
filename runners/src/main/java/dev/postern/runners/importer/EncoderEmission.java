package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;

import dev.postern.runners.importer.EncoderConfig.Activation;
import dev.postern.runners.onnx.Attribute;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.Matrix;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Emits an encoder as an ONNX graph, from token ids to states or logits:
 *
 * <pre>
 * h = norm(words(ids) + positions + types)
 * BERT's:        h = norm(h + attention(h));  h = norm(h + down(act(up(h))))
 * ModernBERT's:  h += attention(norm(h));     h += down(act(a) · b), a and b being up(norm(h))
 * logits = out(act(dense(first or mean of h)))
 * </pre>
 *
 * with the names that exports share: {@code input_ids}, {@code attention_mask}, {@code
 * token_type_ids}; {@code last_hidden_state} or {@code logits}.
 */
final class EncoderEmission {
  private static final Object[] TOKENS = {"batch_size", "sequence_length"};
  private static final Attribute LAST = Attribute.of("axis", -1);

  private final Map<String, StoredTensor> tensors;
  private final EncoderConfig config;
  private final LinearFormat format;
  private final OnnxGraph graph;
  private final RotaryTables rotations;
  private final Attribute epsilon;
  private final String prefix;
  private final Set<String> made = new HashSet<>();
  private int values;

  EncoderEmission(
      Map<String, StoredTensor> tensors,
      EncoderConfig config,
      LinearFormat format,
      OnnxGraph graph) {
    this.tensors = tensors;
    this.config = config;
    this.format = format;
    this.graph = graph;
    this.rotations = new RotaryTables(graph, TensorType.FLOAT, config.maxTokens());
    this.epsilon = Attribute.of("epsilon", config.epsilon());
    String words = config.family().name("words") + ".weight";
    this.prefix = tensors.containsKey(words) ? "" : config.family().prefix();
  }

  void emit() throws IOException {
    String ids = graph.input("input_ids", TensorType.INT64, TOKENS);
    String mask = graph.input("attention_mask", TensorType.INT64, TOKENS);
    graph.op("Cast", List.of(mask), "mask", Attribute.of("to", 6));
    String shape = graph.op("Shape", List.of(ids), "shape");
    String length =
        graph.op(
            "Gather", List.of(shape, graph.scalar("second", 1)), "length", Attribute.of("axis", 0));
    graph.op("Range", List.of(graph.scalar("zero", 0), length, graph.scalar("one", 1)), "places");
    if (config.windows().stream().anyMatch(window -> window > 0)) {
      graph.op("Unsqueeze", List.of("places", graph.vector("to_column", 1)), "column");
      graph.op("Sub", List.of("column", "places"), "steps");
      graph.op("Abs", List.of("steps"), "distance");
    }
    String states = norm("embed_norm", embedded(ids));
    for (int layer = 0; layer < config.layers(); layer++) {
      states = config.family().modern() ? modern(layer, states) : classic(layer, states);
    }
    if (has("output_norm")) {
      states = norm("output_norm", states);
    }
    if (config.labels() == 0) {
      graph.op("Identity", List.of(states), "last_hidden_state");
      graph.output("last_hidden_state", TensorType.FLOAT, TOKENS[0], TOKENS[1], config.width());
    } else {
      head(states, mask);
    }
  }

  private String embedded(String ids) throws IOException {
    String sum =
        format
            .store(graph, "words", matrix("words", config.vocabulary(), config.width()))
            .rows(ids, "words.rows");
    if (has("positions")) {
      sum =
          op(
              "Add",
              sum,
              op(
                  "Gather",
                  table("positions", config.firstPosition(), config.maxTokens()),
                  "places"));
    }
    if (has("types")) {
      int types = (int) tensor("types.weight").shape()[0];
      // With one type only, every token has it.
      String which =
          types > 1
              ? graph.input("token_type_ids", TensorType.INT64, TOKENS)
              : graph.vector("first_type", 0);
      sum = op("Add", sum, op("Gather", table("types", 0, types), which));
    }
    return sum;
  }

  /** Rows of a small table, in floats. */
  private String table(String name, int first, int rows) throws IOException {
    StoredTensor tensor = tensor(name + ".weight");
    long[] shape = tensor.shape();
    if (shape.length != 2 || shape[0] < first + (long) rows || shape[1] != config.width()) {
      throw tensor.misfit();
    }
    float[] all = new float[Math.multiplyExact(rows, config.width())];
    tensor.type().decode(tensor.data(), (long) first * config.width(), all.length, all);
    return graph.constant(name, all, rows, config.width());
  }

  private String classic(int layer, String input) throws IOException {
    String attended =
        dense(of(layer, "o"), attention(layer, input), config.width(), config.width());
    String middle = norm(of(layer, "attention_norm"), op("Add", input, attended));
    String up = dense(of(layer, "up"), middle, config.feedForward(), config.width());
    String down =
        dense(
            of(layer, "down"),
            activated(config.activation(), up),
            config.width(),
            config.feedForward());
    return norm(of(layer, "feed_forward_norm"), op("Add", middle, down));
  }

  private String modern(int layer, String input) throws IOException {
    String first = of(layer, "attention_norm");
    // The embedding is normed already, so the first layer has none.
    String normed = has(first) ? norm(first, input) : input;
    String attended =
        dense(of(layer, "o"), attention(layer, normed), config.width(), config.width());
    String middle = op("Add", input, attended);
    String both =
        dense(
            of(layer, "up"),
            norm(of(layer, "feed_forward_norm"), middle),
            2 * config.feedForward(),
            config.width());
    List<String> halves = List.of(both + ".a", both + ".b");
    graph.op("Split", List.of(both), halves, LAST, Attribute.of("num_outputs", 2));
    String product = op("Mul", activated(config.activation(), halves.get(0)), halves.get(1));
    return op(
        "Add", middle, dense(of(layer, "down"), product, config.width(), config.feedForward()));
  }

  private String attention(int layer, String input) throws IOException {
    int width = config.width();
    String packed = of(layer, "qkv");
    String all =
        has(packed)
            ? dense(packed, input, 3 * width, width)
            : dense(packed, input, stacked(layer), biases(layer));
    var parts =
        new ArrayList<>(List.of(of(layer, "queries"), of(layer, "keys"), of(layer, "values")));
    graph.op("Split", List.of(all), List.copyOf(parts), LAST, Attribute.of("num_outputs", 3));
    int window = config.windows().get(layer);
    if (config.family().modern()) {
      double base = window > 0 ? config.localBase() : config.globalBase();
      var tables = rotations.of(Rotary.plain(base, config.headWidth()));
      for (int i = 0; i < 2; i++) {
        parts.set(
            i,
            graph.contrib(
                "RotaryEmbedding",
                List.of(parts.get(i), places(), tables.cosines(), tables.sines()),
                parts.get(i) + ".turned"));
      }
    }
    parts.addAll(List.of("", "mask", window > 0 ? reach(window) : ""));
    return graph.contrib(
        "MultiHeadAttention",
        parts,
        of(layer, "attended"),
        Attribute.of("num_heads", config.heads()));
  }

  private Matrix stacked(int layer) {
    return Matrix.stacked(
        Stream.of("q", "k", "v")
            .map(part -> matrix(of(layer, part), config.width(), config.width()))
            .toList());
  }

  private float[] biases(int layer) {
    float[] all = new float[3 * config.width()];
    List<String> parts = List.of("q", "k", "v");
    for (int i = 0; i < parts.size(); i++) {
      float[] bias = vector(of(layer, parts.get(i)) + ".bias", config.width());
      System.arraycopy(bias, 0, all, i * config.width(), config.width());
    }
    return all;
  }

  /** The places of one row's tokens; the contrib op wants them for every row of the batch. */
  private String places() {
    return shared(
        "row_places",
        () -> {
          graph.op("Unsqueeze", List.of("places", graph.vector("to_row", 0)), "one_row");
          graph.op("Expand", List.of("one_row", "shape"), "row_places");
        });
  }

  /** What is added to the scores of tokens that are farther away than the window. */
  private String reach(int window) {
    String name = "reach." + window;
    return shared(
        name,
        () -> {
          graph.op(
              "Greater",
              List.of("distance", graph.scalar(name + ".window", window)),
              name + ".far");
          graph.op(
              "Where",
              List.of(
                  name + ".far",
                  graph.number(name + ".shut", -1e9f),
                  graph.number(name + ".open", 0)),
              name + ".scores");
          graph.op(
              "Unsqueeze", List.of(name + ".scores", graph.vector(name + ".axes", 0, 1)), name);
        });
  }

  /** A value that several layers use and the first emits. */
  private String shared(String name, Runnable emit) {
    if (made.add(name)) {
      emit.run();
    }
    return name;
  }

  private void head(String states, String mask) throws IOException {
    String pooled =
        switch (config.headPooling()) {
          case FIRST ->
              graph.op("Gather", List.of(states, "zero"), "pooled", Attribute.of("axis", 1));
          case MEAN -> mean(states, mask);
        };
    String dense = dense("head.dense", pooled, config.width(), config.width());
    String read = activated(config.headActivation(), dense);
    if (has("head.norm")) {
      read = norm("head.norm", read);
    }
    String out = dense("head.out", read, config.labels(), config.width());
    graph.op("Identity", List.of(out), "logits");
    graph.output("logits", TensorType.FLOAT, TOKENS[0], config.labels());
  }

  private String mean(String states, String mask) {
    String real = graph.op("Cast", List.of(mask), "real", Attribute.of("to", 1));
    String last = graph.vector("to_last", -1);
    String column = graph.op("Unsqueeze", List.of(real, last), "real_column");
    String tokens = graph.vector("over_tokens", 1);
    Attribute dropped = Attribute.of("keepdims", 0);
    String sum =
        graph.op("ReduceSum", List.of(op("Mul", states, column), tokens), "state_sum", dropped);
    String count = graph.op("ReduceSum", List.of(column, tokens), "token_count", dropped);
    return op("Div", sum, count);
  }

  private String activated(Activation activation, String input) {
    return switch (activation) {
      case GELU -> op("Gelu", input);
      case GELU_TANH -> graph.contrib("FastGelu", List.of(input), fresh("FastGelu"));
      case RELU -> op("Relu", input);
      case TANH -> op("Tanh", input);
    };
  }

  private String dense(String name, String input, int rows, int columns) throws IOException {
    float[] bias = has(name, ".bias") ? vector(name + ".bias", rows) : new float[0];
    return dense(name, input, matrix(name, rows, columns), bias);
  }

  private String dense(String name, String input, Matrix matrix, float[] bias) throws IOException {
    String product = format.store(graph, name, matrix).multiply(input, name + ".product");
    return bias.length == 0
        ? product
        : op("Add", product, graph.constant(name + ".bias", bias, bias.length));
  }

  private String norm(String name, String input) throws IOException {
    var inputs = new ArrayList<>(List.of(input, vectorOf(name, ".weight")));
    if (has(name, ".bias")) {
      inputs.add(vectorOf(name, ".bias"));
    }
    return graph.op("LayerNormalization", inputs, name + ".normed", LAST, epsilon);
  }

  private String vectorOf(String name, String ending) throws IOException {
    return graph.constant(name + ending, vector(name + ending, config.width()), config.width());
  }

  private String op(String type, String... inputs) {
    return graph.op(type, List.of(inputs), fresh(type));
  }

  private String fresh(String type) {
    return type + "." + values++;
  }

  private static String of(int layer, String weight) {
    return WeightSource.of(layer, weight);
  }

  private String inFile(String name, String ending) {
    String own = config.family().name(name);
    String plain = own + ending;
    return own.isEmpty() || tensors.containsKey(plain) ? plain : prefix + plain;
  }

  private boolean has(String name) {
    return has(name, ".weight");
  }

  private boolean has(String name, String ending) {
    return tensors.containsKey(inFile(name, ending));
  }

  /**
   * @param name of a weight, with its ending
   */
  private StoredTensor tensor(String name) {
    int dot = name.lastIndexOf('.');
    String wanted = inFile(name.substring(0, dot), name.substring(dot));
    StoredTensor tensor = tensors.get(wanted);
    if (tensor == null) {
      throw malformed("its weight %s (%s) is missing".formatted(quoted(wanted), name));
    }
    return tensor;
  }

  private Matrix matrix(String name, int rows, int columns) {
    StoredTensor tensor = tensor(name + ".weight");
    if (tensor.shape().length != 2 || tensor.shape()[0] != rows || tensor.shape()[1] != columns) {
      throw tensor.misfit();
    }
    return new TensorMatrix(tensor, TensorMatrix.run(0, rows));
  }

  private float[] vector(String name, int length) {
    StoredTensor tensor = tensor(name);
    if (tensor.shape().length != 1 || tensor.shape()[0] != length) {
      throw tensor.misfit();
    }
    return tensor.floats();
  }
}
