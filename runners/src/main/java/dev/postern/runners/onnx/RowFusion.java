package dev.postern.runners.onnx;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.postern.runners.ort.CustomOps;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Puts what stands between two products of {@link RowInt8Format} into one op. The graph is emitted
 * as the model's equations say, whatever the format; here a norm that is then quantised, or a gate,
 * becomes one node that also takes the scales of the product before it. What does not match stays
 * as it is and is slower, not wrong.
 */
final class RowFusion {
  static final String ROW_QUANTIZE = "RowQuantize";
  static final String ROW_SCALE = "RowScale";

  private final GraphProto.Builder graph;
  private final List<NodeProto> nodes;
  private final Map<String, NodeProto> producers = new HashMap<>();
  private final Map<String, List<NodeProto>> consumers = new HashMap<>();
  private final Set<String> epsilons = new HashSet<>();

  private RowFusion(GraphProto.Builder graph) {
    this.graph = graph;
    this.nodes = new ArrayList<>(graph.getNodeList());
    for (NodeProto node : nodes) {
      node.getOutputList().forEach(output -> producers.put(output, node));
      node.getInputList()
          .forEach(input -> consumers.computeIfAbsent(input, _ -> new ArrayList<>()).add(node));
    }
  }

  static void fuse(GraphProto.Builder graph) {
    new RowFusion(graph).run();
  }

  private void run() {
    for (NodeProto node : List.copyOf(nodes)) {
      if (node.getOpType().equals(ROW_QUANTIZE)) {
        fuseInto(node);
      }
    }
    dropUnused();
    graph.clearNode().addAllNode(nodes);
  }

  private void fuseInto(NodeProto quantize) {
    NodeProto before = producers.get(quantize.getInput(0));
    if (before == null) {
      return;
    }
    NodeProto.Builder fused =
        switch (before.getOpType()) {
          case "SimplifiedLayerNormalization", "SkipSimplifiedLayerNormalization" -> norm(before);
          case "Mul" -> gate(before);
          default -> null;
        };
    if (fused == null) {
      return;
    }
    fused
        .setDomain(CustomOps.DOMAIN)
        .setName(quantize.getName() + "_fused")
        .setOutput(0, quantize.getOutput(0))
        .setOutput(1, quantize.getOutput(1));
    // Its inputs are there where the old node's were, and that is before all who use it.
    nodes.set(nodes.indexOf(before), fused.build());
    nodes.remove(quantize);
  }

  /** {@code (x, weight, epsilon, product?, scales?) → (codes, scales, sum?, normed?)}. */
  private NodeProto.Builder norm(NodeProto norm) {
    boolean adds = norm.getOpType().startsWith("Skip");
    String normed = norm.getOutput(0);
    var fused =
        NodeProto.newBuilder()
            .setOpType("NormQuantize")
            .addInput(norm.getInput(0))
            .addInput(norm.getInput(adds ? 2 : 1))
            .addInput(epsilon(norm))
            .addOutput("")
            .addOutput("")
            .addOutput(norm.getOutputCount() > 3 ? norm.getOutput(3) : "")
            .addOutput(uses(normed) > 1 ? normed : "");
    if (adds) {
      addProduct(fused, norm.getInput(1));
    }
    return fused;
  }

  private String epsilon(NodeProto norm) {
    float value =
        norm.getAttributeList().stream()
            .filter(attribute -> attribute.getName().equals("epsilon"))
            .findFirst()
            .map(AttributeProto::getF)
            .orElse(1e-5f);
    String name = "epsilon_" + value;
    if (epsilons.add(name)) {
      graph.addInitializer(OnnxGraph.floatOf(name, value));
    }
    return name;
  }

  /** {@code (product, scales?) → (codes, scales, gated?)}. */
  private NodeProto.@Nullable Builder gate(NodeProto product) {
    NodeProto activation = producers.get(product.getInput(0));
    NodeProto split = producers.get(product.getInput(1));
    if (activation == null || split == null) {
      return null;
    }
    String name = gateName(activation);
    if (name == null
        || !split.getOpType().equals("Split")
        || split.getOutputCount() != 2
        || !split.getOutput(0).equals(activation.getInput(0))
        || !split.getOutput(1).equals(product.getInput(1))) {
      return null;
    }
    String gated = product.getOutput(0);
    var fused =
        NodeProto.newBuilder()
            .setOpType(name)
            .addOutput("")
            .addOutput("")
            .addOutput(uses(gated) > 1 ? gated : "");
    addProduct(fused, split.getInput(0));
    return fused;
  }

  private static @Nullable String gateName(NodeProto activation) {
    return switch (activation.getOpType()) {
      case "QuickGelu" -> "SiluQuantize";
      case "FastGelu" -> "GeluQuantize";
      default -> null;
    };
  }

  /** The product before its scales, with them; or the value as it is. */
  private void addProduct(NodeProto.Builder fused, String value) {
    NodeProto producer = producers.get(value);
    if (producer != null && producer.getOpType().equals(ROW_SCALE)) {
      fused.addAllInput(producer.getInputList());
    } else {
      fused.addInput(value);
    }
  }

  private int uses(String value) {
    long outputs =
        graph.getOutputList().stream().filter(output -> output.getName().equals(value)).count();
    return consumers.getOrDefault(value, List.of()).size() + (int) outputs;
  }

  private void dropUnused() {
    Set<String> used = new HashSet<>();
    graph.getOutputList().stream().map(ValueInfoProto::getName).forEach(used::add);
    List<NodeProto> kept = new ArrayList<>();
    for (NodeProto node : nodes.reversed()) {
      if (node.getOutputList().stream().anyMatch(used::contains)) {
        kept.add(node);
        used.addAll(node.getInputList());
      }
    }
    Collections.reverse(kept);
    nodes.clear();
    nodes.addAll(kept);
  }
}
