package dev.postern.runners.onnx;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Nodes are written {@code Op in,in → out,out}; "" stands for an output that nobody wants. */
class RowFusionTest {
  private static final String QUANTIZE = "RowQuantize";

  private static NodeProto node(String op, String inputs, String outputs) {
    return NodeProto.newBuilder()
        .setName(op + ":" + outputs)
        .setOpType(op)
        .addAllInput(List.of(inputs.split(",", -1)))
        .addAllOutput(List.of(outputs.split(",", -1)))
        .build();
  }

  private static List<String> fused(List<String> wanted, NodeProto... nodes) {
    var graph = GraphProto.newBuilder().addAllNode(Arrays.asList(nodes));
    wanted.forEach(output -> graph.addOutput(ValueInfoProto.newBuilder().setName(output)));
    RowFusion.fuse(graph);
    return graph.getNodeList().stream()
        .map(node ->
            "%s %s → %s"
                .formatted(
                    node.getOpType(),
                    String.join(",", node.getInputList()),
                    String.join(",", node.getOutputList())))
        .toList();
  }

  @Test
  void aNormThatIsQuantisedBecomesOneNode() {
    assertThat(
            fused(
                List.of("y"),
                node("SimplifiedLayerNormalization", "x,weight", "normed"),
                node(QUANTIZE, "normed", "codes,scales"),
                node("MatMulIntegerToFloat", "codes", "y")))
        .containsExactly(
            "NormQuantize x,weight,epsilon_1.0E-5 → codes,scales,,",
            "MatMulIntegerToFloat codes → y");
  }

  @Test
  void aNormsEpsilonGoesAlongAsAConstant() {
    var epsilon =
        AttributeProto.newBuilder()
            .setName("epsilon")
            .setType(AttributeProto.AttributeType.FLOAT)
            .setF(0.5f);
    var graph =
        GraphProto.newBuilder()
            .addNode(
                node("SimplifiedLayerNormalization", "x,weight", "normed").toBuilder()
                    .addAttribute(epsilon))
            .addNode(node(QUANTIZE, "normed", "codes,scales"))
            .addOutput(ValueInfoProto.newBuilder().setName("codes"));
    RowFusion.fuse(graph);
    assertThat(graph.getNode(0).getInput(2)).isEqualTo(graph.getInitializer(0).getName());
    assertThat(graph.getInitializer(0).getFloatData(0)).isEqualTo(0.5f);
  }

  @Test
  void aNormThatAddsTakesTheProductBeforeItsScales() {
    assertThat(
            fused(
                List.of("sum", "codes"),
                node("RowScale", "product,productScales", "scaled"),
                node("SkipSimplifiedLayerNormalization", "x,scaled,weight", "normed,,,sum"),
                node("RowQuantize", "normed", "codes,scales")))
        .containsExactly(
            "NormQuantize x,weight,epsilon_1.0E-5,product,productScales → codes,scales,sum,");
  }

  @Test
  void aNormThatOthersReadTooStillGivesItsValue() {
    assertThat(
            fused(
                List.of("codes", "other"),
                node("SimplifiedLayerNormalization", "x,weight", "normed"),
                node(QUANTIZE, "normed", "codes,scales"),
                node("AdapterAdd", "normed", "other")))
        .containsExactly(
            "NormQuantize x,weight,epsilon_1.0E-5 → codes,scales,,normed",
            "AdapterAdd normed → other");
  }

  @Test
  void aNormThatTheGraphGivesOutStillGivesItsValue() {
    assertThat(
            fused(
                List.of("codes", "normed"),
                node("SimplifiedLayerNormalization", "x,weight", "normed"),
                node(QUANTIZE, "normed", "codes,scales")))
        .containsExactly("NormQuantize x,weight,epsilon_1.0E-5 → codes,scales,,normed");
  }

  @Test
  void scalesThatOthersReadTooStay() {
    assertThat(
            fused(
                List.of("codes", "other"),
                node("RowScale", "product,productScales", "scaled"),
                node("SkipSimplifiedLayerNormalization", "x,scaled,weight", "normed"),
                node(QUANTIZE, "normed", "codes,scales"),
                node("Tanh", "scaled", "other")))
        .containsExactly(
            "RowScale product,productScales → scaled",
            "NormQuantize x,weight,epsilon_1.0E-5,product,productScales → codes,scales,,",
            "Tanh scaled → other");
  }

  private static NodeProto[] gate(String activation, String first, String second) {
    return new NodeProto[] {
      node("RowScale", "product,productScales", "both"),
      node("Split", "both", "gate,up"),
      node(activation, first, "active"),
      node("Mul", "active," + second, "gated"),
      node(QUANTIZE, "gated", "codes,scales")
    };
  }

  @Test
  void aGateThatIsQuantisedBecomesOneNode() {
    assertThat(fused(List.of("codes"), gate("QuickGelu", "gate", "up")))
        .containsExactly("SiluQuantize product,productScales → codes,scales,");
    assertThat(fused(List.of("codes"), gate("FastGelu", "gate", "up")))
        .containsExactly("GeluQuantize product,productScales → codes,scales,");
  }

  /** The op of ours gates the second half with the first, and knows two activations. */
  @Test
  void aGateOfAnotherKindIsLeftAlone() {
    for (NodeProto[] other :
        List.of(
            gate("QuickGelu", "up", "gate"),
            gate("QuickGelu", "gate", "gate"),
            gate("Gelu", "gate", "up"))) {
      var graph = GraphProto.newBuilder().addAllNode(Arrays.asList(other));
      graph.addOutput(ValueInfoProto.newBuilder().setName("codes"));
      RowFusion.fuse(graph);
      assertThat(graph.getNodeList()).containsExactly(other);
    }
  }

  @Test
  void whatNeitherNormNorGateGivesIsLeftAlone() {
    assertThat(
            fused(
                List.of("codes"),
                node("Add", "a,b", "sum"),
                node("Mul", "sum,c", "turned"),
                node(QUANTIZE, "turned", "codes,scales")))
        .containsExactly(
            "Add a,b → sum", "Mul sum,c → turned", "RowQuantize turned → codes,scales");
    assertThat(fused(List.of("codes"), node(QUANTIZE, "input", "codes,scales")))
        .containsExactly("RowQuantize input → codes,scales");
  }

  @Test
  void aNormInFloatsIsLeftAlone() {
    assertThat(
            fused(
                List.of("y"),
                node("SimplifiedLayerNormalization", "x,weight", "normed"),
                node("MatMul", "normed,w", "y")))
        .containsExactly("SimplifiedLayerNormalization x,weight → normed", "MatMul normed,w → y");
  }
}
