package dev.postern.runners.onnx;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import dev.postern.runners.ort.CustomOps;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A graph under construction. Values are named by text; every op returns its first output. */
public final class OnnxGraph {
  /** The input of {@link #writeAdapted}'s graph that names each row's adapter. */
  public static final String ADAPTERS = "adapters";

  private static final String CONTRIB = "com.microsoft";
  private static final String OWN = CustomOps.DOMAIN;
  private static final int IR_VERSION = 10;
  private static final int OPSET = 21;

  private final GraphProto.Builder graph;
  private final @Nullable WeightFile weights;
  private final Map<String, Adaptable> adaptable = new HashMap<>();

  /** A graph without constants of any size. */
  OnnxGraph(String name) {
    this(null, name);
  }

  public OnnxGraph(String name, WeightFile weights) {
    this(weights, name);
  }

  private OnnxGraph(@Nullable WeightFile weights, String name) {
    this.graph = GraphProto.newBuilder().setName(name);
    this.weights = weights;
  }

  /** A standard ONNX op with one output. */
  public String op(String type, List<String> inputs, String output, Attribute... attributes) {
    return node("", type, inputs, List.of(output), attributes);
  }

  /** A standard ONNX op with several outputs. */
  public String op(
      String type, List<String> inputs, List<String> outputs, Attribute... attributes) {
    return node("", type, inputs, outputs, attributes);
  }

  /** An op of ONNX Runtime's own with one output. */
  public String contrib(String type, List<String> inputs, String output, Attribute... attributes) {
    return node(CONTRIB, type, inputs, List.of(output), attributes);
  }

  /** An op of ONNX Runtime's own; an empty name stands for an output that is not wanted. */
  public String contrib(
      String type, List<String> inputs, List<String> outputs, Attribute... attributes) {
    return node(CONTRIB, type, inputs, outputs, attributes);
  }

  /** An op of ours, which {@link CustomOps} brings. */
  public List<String> own(String type, List<String> inputs, List<String> outputs) {
    node(OWN, type, inputs, outputs);
    return outputs;
  }

  private String node(
      String domain,
      String type,
      List<String> inputs,
      List<String> outputs,
      Attribute... attributes) {
    var node =
        NodeProto.newBuilder()
            .setDomain(domain)
            .setOpType(type)
            .setName(type + "_" + graph.getNodeCount())
            .addAllInput(inputs)
            .addAllOutput(outputs);
    for (Attribute attribute : attributes) {
      node.addAttribute(attribute.proto());
    }
    graph.addNode(node);
    return outputs.getFirst();
  }

  /**
   * @param dimensions a number, or a text that names a free dimension
   */
  public String input(String name, TensorType type, Object... dimensions) {
    graph.addInput(value(name, type, dimensions));
    return name;
  }

  public void output(String name, TensorType type, Object... dimensions) {
    graph.addOutput(value(name, type, dimensions));
  }

  private static ValueInfoProto value(String name, TensorType type, Object... dimensions) {
    var shape = TensorShapeProto.newBuilder();
    for (Object dimension : dimensions) {
      var proto = TensorShapeProto.Dimension.newBuilder();
      if (dimension instanceof Number number) {
        proto.setDimValue(number.longValue());
      } else {
        proto.setDimParam(dimension.toString());
      }
      shape.addDim(proto);
    }
    var tensor = TypeProto.Tensor.newBuilder().setElemType(type.number()).setShape(shape);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  /** A constant vector of 64-bit integers, kept in the graph itself. */
  public String vector(String name, long... values) {
    return inline(name, List.of((long) values.length), values);
  }

  /** A constant of no dimensions, kept in the graph itself. */
  public String scalar(String name, long value) {
    return inline(name, List.of(), value);
  }

  /** A float of no dimensions, kept in the graph itself. */
  public String number(String name, float value) {
    graph.addInitializer(floatOf(name, value));
    return name;
  }

  /** A float of no dimensions. */
  static TensorProto floatOf(String name, float value) {
    return TensorProto.newBuilder()
        .setName(name)
        .setDataType(TensorType.FLOAT.number())
        .addFloatData(value)
        .build();
  }

  /** A byte of no dimensions, kept in the graph itself. */
  public String code(String name, int value) {
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorType.UINT8.number())
            .addInt32Data(value));
    return name;
  }

  private String inline(String name, List<Long> dimensions, long... values) {
    var bytes = ByteBuffer.allocate(values.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(values);
    graph.addInitializer(
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(TensorType.INT64.number())
            .addAllDims(dimensions)
            .setRawData(ByteString.copyFrom(bytes)));
    return name;
  }

  /**
   * Marks a product that adapters may add to. The graph stays as it is; {@link #writeAdapted} puts
   * an op of ours behind it.
   *
   * @param input what the product multiplies
   * @param width of the product
   * @param site the product's number in the model
   */
  public void adaptable(String product, String input, int width, int site) {
    adaptable.put(product, new Adaptable(input, width, site));
  }

  private record Adaptable(String input, int width, int site) {}

  /** Room for a constant in the weight file. */
  public WeightFile.Region reserve(long bytes) {
    return Objects.requireNonNull(weights).reserve(bytes);
  }

  /** Names the bytes of a region as a constant; several names may look at one region. */
  public String constant(
      String name, TensorType type, WeightFile.Region region, long... dimensions) {
    var tensor =
        TensorProto.newBuilder()
            .setName(name)
            .setDataType(type.number())
            .setDataLocation(TensorProto.DataLocation.EXTERNAL)
            .addExternalData(entry("location", Objects.requireNonNull(weights).name()))
            .addExternalData(entry("offset", Long.toString(region.offset())))
            .addExternalData(entry("length", Long.toString(region.length())));
    for (long dimension : dimensions) {
      tensor.addDims(dimension);
    }
    graph.addInitializer(tensor);
    return name;
  }

  /** A constant of floats in the weight file. */
  public String constant(String name, float[] values, long... dimensions) throws IOException {
    WeightFile.Region region = reserve(values.length * 4L);
    var bytes = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    region.append(bytes);
    return constant(name, TensorType.FLOAT, region, dimensions);
  }

  /** A constant of floats in the weight file, as 32 or as 16 bits. */
  public String constant(String name, TensorType type, float[] values, long... dimensions)
      throws IOException {
    if (type == TensorType.FLOAT) {
      return constant(name, values, dimensions);
    }
    var bytes = ByteBuffer.allocate(values.length * Short.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    WeightFile.Region region = reserve(bytes.capacity());
    region.append(HalfFormat.halves(values, bytes));
    return constant(name, TensorType.FLOAT16, region, dimensions);
  }

  private static StringStringEntryProto entry(String key, String value) {
    return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
  }

  /** The graph with an input {@code adapters}, one handle a row, and an addition at each mark. */
  public void writeAdapted(Path path) throws IOException {
    GraphProto.Builder adapted = graph.clone();
    adapted.clearNode();
    adapted.addInput(value(ADAPTERS, TensorType.INT64, "batch_size"));
    for (NodeProto node : graph.getNodeList()) {
      var changed = node.toBuilder();
      List<NodeProto> additions = new ArrayList<>();
      for (int i = 0; i < node.getOutputCount(); i++) {
        String product = node.getOutput(i);
        Adaptable mark = adaptable.get(product);
        if (mark != null) {
          changed.setOutput(i, product + ".bare");
          additions.add(addition(adapted, product, mark));
        }
      }
      adapted.addNode(changed).addAllNode(additions);
    }
    write(adapted, path);
  }

  private static NodeProto addition(GraphProto.Builder adapted, String product, Adaptable mark) {
    // Nothing is inferred through an op of ours, and attention guesses wrong without a shape.
    adapted.addValueInfo(
        value(product, TensorType.FLOAT, "batch_size", "sequence_length", mark.width));
    String site = product + ".site";
    adapted.addInitializer(
        TensorProto.newBuilder()
            .setName(site)
            .setDataType(TensorType.INT64.number())
            .addInt64Data(mark.site));
    return NodeProto.newBuilder()
        .setDomain(OWN)
        .setOpType("AdapterAdd")
        .setName(product + ".adapted")
        .addAllInput(List.of(product + ".bare", mark.input, ADAPTERS, site))
        .addOutput(product)
        .build();
  }

  public void write(Path path) throws IOException {
    write(graph.clone(), path);
  }

  private static void write(GraphProto.Builder graph, Path path) throws IOException {
    RowFusion.fuse(graph);
    try (OutputStream out = Files.newOutputStream(path)) {
      model(graph).writeTo(out);
    }
  }

  /** The graph as it would be written; for one that has no constants in the weight file. */
  byte[] bytes() {
    return model(graph).toByteArray();
  }

  private static ModelProto model(GraphProto.Builder graph) {
    return ModelProto.newBuilder()
        .setIrVersion(IR_VERSION)
        .setProducerName("postern")
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(OPSET))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(CONTRIB).setVersion(1))
        .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain(OWN).setVersion(1))
        .setGraph(graph)
        .build();
  }
}
