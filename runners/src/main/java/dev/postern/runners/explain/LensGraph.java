package dev.postern.runners.explain;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Two graphs over a decoder's own weight file: the decoder with its residual stream laid open after
 * each layer, and what turns a stream into logits. Graphs that do not name their streams as ours do
 * have none.
 *
 * @param decoder the whole graph; its outputs have {@code streams} too
 * @param head from {@link #STREAM} and {@link #DELTA}, whose sum it reads, to {@code logits}
 * @param streams the stream that enters each layer, the embedding first, and the one that leaves
 *     the last
 */
record LensGraph(byte[] decoder, byte[] head, List<String> streams) {
  static final String STREAM = "last.residual";
  static final String DELTA = "last.delta";

  private static final String LOGITS = "logits";
  private static final int FLOAT = TensorProto.DataType.FLOAT.getNumber();

  static LensGraph read(Path file) throws IOException {
    ModelProto model;
    try (InputStream in = Files.newInputStream(file)) {
      model = ModelProto.parseFrom(in);
    }
    Map<String, NodeProto> producers = new HashMap<>();
    for (NodeProto node : model.getGraph().getNodeList()) {
      node.getOutputList().forEach(output -> producers.put(output, node));
    }
    if (!producers.containsKey(STREAM) || !producers.containsKey(DELTA)) {
      return new LensGraph(model.toByteArray(), new byte[0], List.of());
    }
    List<String> streams = new ArrayList<>(List.of("embedded"));
    for (int layer = 1; producers.containsKey(stream(layer)); layer++) {
      streams.add(stream(layer));
    }
    streams.add("last.stream");
    return new LensGraph(open(model, streams), head(model, producers), List.copyOf(streams));
  }

  private static String stream(int layer) {
    return "layer." + layer + ".stream";
  }

  private static byte[] open(ModelProto model, List<String> streams) {
    GraphProto.Builder graph = model.getGraph().toBuilder();
    streams.forEach(stream -> graph.addOutput(floats(stream)));
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }

  private static ValueInfoProto floats(String name) {
    var tensor = TypeProto.Tensor.newBuilder().setElemType(FLOAT);
    return ValueInfoProto.newBuilder()
        .setName(name)
        .setType(TypeProto.newBuilder().setTensorType(tensor))
        .build();
  }

  /** Keeps the nodes and constants that the logits need, back to the last stream. */
  private static byte[] head(ModelProto model, Map<String, NodeProto> producers) {
    Set<String> needed = new HashSet<>();
    Set<NodeProto> kept = new HashSet<>();
    Deque<String> open = new ArrayDeque<>(List.of(LOGITS));
    while (!open.isEmpty()) {
      String value = open.pop();
      if (!needed.add(value) || value.equals(STREAM) || value.equals(DELTA)) {
        continue;
      }
      NodeProto producer = producers.get(value);
      if (producer != null && kept.add(producer)) {
        open.addAll(producer.getInputList());
      }
    }
    GraphProto whole = model.getGraph();
    GraphProto.Builder graph = GraphProto.newBuilder().setName("head");
    whole.getNodeList().stream().filter(kept::contains).forEach(graph::addNode);
    whole.getInitializerList().stream()
        .filter(constant -> needed.contains(constant.getName()))
        .forEach(graph::addInitializer);
    graph.addInput(floats(STREAM)).addInput(floats(DELTA));
    whole.getOutputList().stream()
        .filter(output -> output.getName().equals(LOGITS))
        .forEach(graph::addOutput);
    return model.toBuilder().setGraph(graph).build().toByteArray();
  }
}
