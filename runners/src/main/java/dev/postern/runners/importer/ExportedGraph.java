package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rewrites an exported decoder so that the engine can run it like one of its own (see {@link
 * DecoderGraph}): the shared names, logits of the last {@code num_logits_to_keep} positions only,
 * positions computed from the mask, and a cache that is written in place.
 *
 * <p>Exports whose attention is GroupQueryAttention write in place anyhow. Others join the new keys
 * to the past ones and give both back. There the used part of the cache is cut out before, and the
 * new keys are put at each row's end after; since a row's own end can lie before the others', its
 * mask shows the past, a gap, and the new positions.
 */
final class ExportedGraph {
  private static final String BATCH = "batch_size";
  private static final String KEEP = "num_logits_to_keep";
  private static final String IDS = "input_ids";
  private static final String MASK = "attention_mask";
  private static final int MIN_OPSET = 13;
  private static final int FLOAT = 1;
  private static final int INT64 = 7;

  private final DecoderConfig config;
  private final Names names;
  private final GraphProto source;
  private final Map<String, String> renamed = new HashMap<>();
  private final List<NodeProto> before = new ArrayList<>();
  private final List<NodeProto> after = new ArrayList<>();
  private final List<TensorProto> constants = new ArrayList<>();
  private final Set<String> inputs = new HashSet<>();

  /** What the export calls things; {@code %d} stands for a layer. */
  record Names(
      String ids,
      String mask,
      String positions,
      String logits,
      String pastKey,
      String pastValue,
      String presentKey,
      String presentValue) {

    /** The names that exporters share. */
    static final Names USUAL =
        new Names(
            IDS,
            MASK,
            "position_ids",
            "logits",
            "past_key_values.%d.key",
            "past_key_values.%d.value",
            "present.%d.key",
            "present.%d.value");
  }

  private ExportedGraph(GraphProto source, Names names, DecoderConfig config) {
    this.source = source;
    this.names = names;
    this.config = config;
  }

  /**
   * @throws ImportException when the export is of a kind that cannot be run
   */
  static ModelProto rewritten(ModelProto model, Names names, DecoderConfig config) {
    for (OperatorSetIdProto opset : model.getOpsetImportList()) {
      if (opset.getDomain().isEmpty() && opset.getVersion() < MIN_OPSET) {
        throw unsupported("it is of ONNX opset %d".formatted(opset.getVersion()));
      }
    }
    return model.toBuilder()
        .setGraph(new ExportedGraph(model.getGraph(), names, config).graph())
        .build();
  }

  private GraphProto graph() {
    source.getInputList().forEach(input -> inputs.add(input.getName()));
    source.getInitializerList().forEach(constant -> inputs.remove(constant.getName()));
    requireInputs();
    lengths();
    boolean inPlace =
        source.getNodeList().stream()
            .anyMatch(node ->
                node.getOpType().equals("GroupQueryAttention")
                    && node.getOutputList().contains(names.presentKey.formatted(0)));
    if (!inPlace && !inputs.contains(names.positions)) {
      throw unsupported("it joins its cache itself and takes no positions");
    }
    rename(names.ids, IDS);
    if (inPlace) {
      rename(names.mask, MASK);
    } else {
      rename(names.mask, gappedMask());
    }
    if (inputs.contains(names.positions)) {
      constants.add(whole("export.0", List.of(), 0));
      rename(names.positions, positions());
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      cache(layer, true, inPlace);
      cache(layer, false, inPlace);
    }
    logits();
    return assembled();
  }

  /** All that the export asks for must be something that the engine gives. */
  private void requireInputs() {
    Set<String> known = new HashSet<>(Set.of(names.ids, names.mask, names.positions, KEEP));
    Set<String> needed = new HashSet<>(Set.of(names.ids, names.mask));
    for (int layer = 0; layer < config.layers(); layer++) {
      needed.add(names.pastKey.formatted(layer));
      needed.add(names.pastValue.formatted(layer));
    }
    known.addAll(needed);
    for (ValueInfoProto input : source.getInputList()) {
      String name = input.getName();
      if (inputs.contains(name) && !known.contains(name)) {
        throw unsupported("it has an input %s".formatted(quoted(name)));
      }
      boolean cache = needed.contains(name) && !name.equals(names.ids) && !name.equals(names.mask);
      int type = input.getType().getTensorType().getElemType();
      if (inputs.contains(name) && type != (cache ? FLOAT : INT64)) {
        throw unsupported("its input %s holds numbers of another type".formatted(quoted(name)));
      }
    }
    for (String name : needed) {
      if (!inputs.contains(name)) {
        throw malformed("it has no input %s".formatted(quoted(name)));
      }
    }
  }

  /** Scalars: how long the longest row is, how many positions are new, how many are not. */
  private void lengths() {
    constants.add(whole("export.1", List.of(), 1));
    constants.add(whole("export.axis1", List.of(1L), 1));
    constants.add(whole("export.end", List.of(1L), Long.MAX_VALUE));
    add(before, "Shape", List.of(IDS), "export.ids_shape");
    add(before, "Gather", List.of("export.ids_shape", "export.1"), "export.new");
    add(before, "Shape", List.of(MASK), "export.mask_shape");
    add(before, "Gather", List.of("export.mask_shape", "export.1"), "export.total");
    add(before, "Sub", List.of("export.total", "export.new"), "export.past");
    add(before, "ReduceSum", List.of(MASK, "export.axis1"), "export.row_total");
    add(before, "Sub", List.of("export.row_total", "export.new"), "export.row_past");
  }

  /** Of shape (batch, new). */
  private String positions() {
    add(before, "Range", List.of("export.0", "export.new", "export.1"), "export.steps");
    return add(before, "Add", List.of("export.row_past", "export.steps"), "export.positions");
  }

  private String gappedMask() {
    add(before, "Range", List.of("export.0", "export.total", "export.1"), "export.places");
    add(before, "Less", List.of("export.places", "export.row_past"), "export.is_past");
    add(before, "GreaterOrEqual", List.of("export.places", "export.past"), "export.is_new");
    add(before, "Or", List.of("export.is_past", "export.is_new"), "export.seen");
    before.add(
        node("Cast", List.of("export.seen"), "export.mask")
            .addAttribute(attribute("to", INT64))
            .build());
    return "export.mask";
  }

  private void cache(int layer, boolean key, boolean inPlace) {
    String kind = key ? "key" : "value";
    String past = "past_key_values.%d.%s".formatted(layer, kind);
    String present = "present.%d.%s".formatted(layer, kind);
    String pastThere = (key ? names.pastKey : names.pastValue).formatted(layer);
    String presentThere = (key ? names.presentKey : names.presentValue).formatted(layer);
    if (inPlace) {
      rename(pastThere, past);
      rename(presentThere, present);
      return;
    }
    if (layer == 0 && key) {
      constants.add(whole("export.axis2", List.of(1L), 2));
      constants.add(whole("export.first", List.of(1L), 0));
      constants.add(whole("export.cell", List.of(4L), 0, 1, -1, 1));
      add(before, "Unsqueeze", List.of("export.past", "export.first"), "export.past_end");
      add(before, "Reshape", List.of("export.positions", "export.cell"), "export.cells");
    }
    String used = past + ".used";
    add(before, "Slice", List.of(past, "export.first", "export.past_end", "export.axis2"), used);
    rename(pastThere, used);
    rename(presentThere, present + ".joined");
    add(
        after,
        "Slice",
        List.of(present + ".joined", "export.past_end", "export.end", "export.axis2"),
        present + ".new");
    if (layer == 0 && key) {
      add(after, "Shape", List.of(present + ".new"), "export.new_shape");
      add(after, "Expand", List.of("export.cells", "export.new_shape"), "export.targets");
    }
    after.add(
        node("ScatterElements", List.of(past, "export.targets", present + ".new"), present)
            .addAttribute(attribute("axis", 2))
            .build());
  }

  private void logits() {
    if (inputs.contains(KEEP)) {
      rename(names.logits, "logits");
      rename(KEEP, "export.keep");
      add(before, "Squeeze", List.of(KEEP), "export.keep");
      return;
    }
    rename(names.logits, "logits.all");
    add(after, "Neg", List.of(KEEP), "export.keep_from");
    add(
        after,
        "Slice",
        List.of("logits.all", "export.keep_from", "export.end", "export.axis1"),
        "logits");
  }

  private GraphProto assembled() {
    var graph = GraphProto.newBuilder().setName("decoder");
    graph.addInput(value(IDS, INT64, BATCH, "sequence_length"));
    graph.addInput(value(MASK, INT64, BATCH, "total_sequence_length"));
    graph.addInput(value(KEEP, INT64, 1));
    graph.addOutput(value("logits", FLOAT, BATCH, "num_logits", config.vocabulary()));
    for (int layer = 0; layer < config.layers(); layer++) {
      for (String kind : List.of("key", "value")) {
        graph.addInput(cacheValue("past_key_values.%d.%s".formatted(layer, kind), "past_length"));
        graph.addOutput(cacheValue("present.%d.%s".formatted(layer, kind), "present_length"));
      }
    }
    graph.addAllInitializer(source.getInitializerList());
    graph.addAllSparseInitializer(source.getSparseInitializerList());
    graph.addAllInitializer(constants);
    graph.addAllNode(before);
    source.getNodeList().forEach(node -> graph.addNode(renamed(node)));
    graph.addAllNode(after);
    return graph.build();
  }

  private ValueInfoProto cacheValue(String name, String length) {
    return value(name, FLOAT, BATCH, config.keyValueHeads(), length, config.headWidth());
  }

  private void rename(String from, String to) {
    renamed.put(from, to);
  }

  private NodeProto renamed(NodeProto node) {
    var changed = node.toBuilder().clearInput().clearOutput().clearAttribute();
    node.getInputList().forEach(name -> changed.addInput(renamed.getOrDefault(name, name)));
    node.getOutputList().forEach(name -> changed.addOutput(renamed.getOrDefault(name, name)));
    for (AttributeProto attribute : node.getAttributeList()) {
      changed.addAttribute(
          attribute.hasG()
              ? attribute.toBuilder().setG(renamed(attribute.getG())).build()
              : attribute);
    }
    return changed.build();
  }

  /** A branch or a loop's body can read what is outside it. */
  private GraphProto renamed(GraphProto graph) {
    var changed = graph.toBuilder().clearNode();
    graph.getNodeList().forEach(node -> changed.addNode(renamed(node)));
    return changed.build();
  }

  private static String add(List<NodeProto> to, String type, List<String> inputs, String output) {
    to.add(node(type, inputs, output).build());
    return output;
  }

  private static NodeProto.Builder node(String type, List<String> inputs, String output) {
    return NodeProto.newBuilder()
        .setOpType(type)
        .setName(output)
        .addAllInput(inputs)
        .addOutput(output);
  }

  private static AttributeProto attribute(String name, long value) {
    return AttributeProto.newBuilder()
        .setName(name)
        .setType(AttributeProto.AttributeType.INT)
        .setI(value)
        .build();
  }

  private static TensorProto whole(String name, List<Long> dimensions, long... values) {
    var bytes = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(values);
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(INT64)
        .addAllDims(dimensions)
        .setRawData(ByteString.copyFrom(bytes))
        .build();
  }

  private static ValueInfoProto value(String name, int type, Object... dimensions) {
    var shape = TensorShapeProto.newBuilder();
    for (Object dimension : dimensions) {
      var proto = TensorShapeProto.Dimension.newBuilder();
      shape.addDim(
          dimension instanceof Number number
              ? proto.setDimValue(number.longValue())
              : proto.setDimParam(dimension.toString()));
    }
    var tensor = TypeProto.Tensor.newBuilder().setElemType(type).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }
}
