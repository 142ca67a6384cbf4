package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyFamily;
import dev.postern.runners.wire.Sampling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Exported decoders in the engine. The exports are made of our own graph of a tiny model, by
 * undoing what sets it apart from theirs: other names, logits of all positions, a cache that is
 * joined.
 */
@Timeout(60)
class DecoderExportIT {
  private static final TinyFamily LLAMA = TinyFamily.read("llama2");
  private static final EngineConfig CONFIG =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(1)
          .withMaxRows(3)
          .withPrefillChunk(16)
          .withCacheBytes(16 << 20);

  @TempDir private Path folder;
  private ModelImport imports;
  private GraphProto own;
  private Path export;

  @BeforeEach
  void takeOurOwnApart() throws IOException {
    imports = new ModelImport(folder.resolve("cache"), new FloatFormat());
    Path source = LLAMA.write(folder.resolve("source"));
    ModelFolder model = imports.run(source, null, ImportProgress.NONE);
    export = Files.createDirectories(folder.resolve("export"));
    Files.copy(source.resolve("tokenizer.json"), export.resolve("tokenizer.json"));
    Files.copy(source.resolve("config.json"), export.resolve("config.json"));
    Files.copy(model.path().resolve(ModelFolder.WEIGHTS), export.resolve(ModelFolder.WEIGHTS));
    try (var in = Files.newInputStream(model.path().resolve(ModelFolder.GRAPH))) {
      own = ModelProto.parseFrom(in).getGraph();
    }
  }

  /** Logits of all positions: what says how many becomes a constant that no prompt reaches. */
  private GraphProto.Builder withAllLogits(UnaryOperator<String> name) {
    var graph =
        GraphProto.newBuilder().setName("export").addAllInitializer(own.getInitializerList());
    for (ValueInfoProto input : own.getInputList()) {
      if (!input.getName().equals("num_logits_to_keep")) {
        graph.addInput(input.toBuilder().setName(name.apply(input.getName())));
      }
    }
    own.getOutputList()
        .forEach(
            output -> graph.addOutput(output.toBuilder().setName(name.apply(output.getName()))));
    graph.addInitializer(
        TensorProto.newBuilder().setName("all").setDataType(7).addDims(1).addInt64Data(1L << 40));
    for (NodeProto node : own.getNodeList()) {
      var changed = node.toBuilder().clearInput().clearOutput();
      node.getInputList()
          .forEach(input ->
              changed.addInput(input.equals("num_logits_to_keep") ? "all" : name.apply(input)));
      node.getOutputList().forEach(output -> changed.addOutput(name.apply(output)));
      graph.addNode(changed);
    }
    return graph;
  }

  private void write(GraphProto.Builder graph) throws IOException {
    ModelProto.Builder model = ModelProto.newBuilder().setIrVersion(10).setGraph(graph);
    model.addOpsetImportBuilder().setDomain("").setVersion(21);
    model.addOpsetImportBuilder().setDomain("com.microsoft").setVersion(1);
    Files.write(export.resolve("model.onnx"), model.build().toByteArray());
  }

  private ModelFolder run() throws IOException {
    return imports.run(export, null, ImportProgress.NONE);
  }

  private static Recording submit(Generator generator, int[] prompt) {
    var listener = new Recording();
    var greedy = new Sampling(0, 1, 1, 0L, List.of(), 0, 0, Map.of(), false, 0);
    generator.submit(Request.of(prompt, greedy, LLAMA.greedy().length), listener);
    return listener;
  }

  private static void requireReference(Generator generator) throws Exception {
    Recording listener = submit(generator, LLAMA.prompt());
    listener.await();
    assertThat(listener.ids())
        .containsExactly(Arrays.stream(LLAMA.greedy()).boxed().toArray(Integer[]::new));
  }

  @Test
  void runsAnExportThatRenamesEverything() throws Exception {
    write(
        withAllLogits(name ->
            name.replaceFirst("^input_ids$", "tokens")
                .replaceFirst("^attention_mask$", "mask")
                .replaceFirst("^logits$", "scores")
                .replaceFirst("^past_key_values\\.(\\d+)\\.(key|value)$", "$2_in_$1")
                .replaceFirst("^present\\.(\\d+)\\.(key|value)$", "$2_out_$1")));
    Files.delete(export.resolve("config.json"));
    Files.writeString(
        export.resolve("genai_config.json"),
        """
        {"model": {"type": "llama", "context_length": 128, "vocab_size": 320, "eos_token_id": 2,
          "decoder": {"filename": "model.onnx", "head_size": 16, "hidden_size": 64,
            "num_attention_heads": 4, "num_hidden_layers": 3, "num_key_value_heads": 2,
            "inputs": {"input_ids": "tokens", "attention_mask": "mask",
              "past_key_names": "key_in_%d", "past_value_names": "value_in_%d"},
            "outputs": {"logits": "scores",
              "present_key_names": "key_out_%d", "present_value_names": "value_out_%d"}}}}
        """);
    ModelFolder model = run();
    assertThat(model.manifest().weights()).isEqualTo("onnx");
    assertThat(run()).isEqualTo(model);
    model.verify();
    try (var generator = OnnxGenerator.open(model.path(), CONFIG)) {
      requireReference(generator);
      int[] shorter = Arrays.copyOf(LLAMA.prompt(), 7);
      Recording alone = submit(generator, shorter);
      alone.await();
      Recording together = submit(generator, shorter);
      requireReference(generator);
      together.await();
      assertThat(together.ids()).isEqualTo(alone.ids());
    }
  }

  @Test
  void writesInPlaceWhatAnExportJoins() throws Exception {
    var graph = withAllLogits(name -> name.startsWith("present.") ? name + ".attended" : name);
    for (int i = 1; i < graph.getOutputCount(); i++) {
      String attended = graph.getOutput(i).getName();
      String present = attended.replace(".attended", "");
      graph.setOutput(i, graph.getOutput(i).toBuilder().setName(present));
      graph.addNode(
          NodeProto.newBuilder().setOpType("Identity").addInput(attended).addOutput(present));
    }
    graph.addInput(graph.getInput(0).toBuilder().setName("position_ids"));
    write(graph);
    try (var generator = OnnxGenerator.open(run().path(), CONFIG)) {
      requireReference(generator);
    }
  }

  private void refuses(String reason) {
    assertThatThrownBy(this::run).isInstanceOf(ImportException.class).hasMessageContaining(reason);
  }

  @Test
  void refusesExportsItCannotRun() throws IOException {
    GraphProto.Builder sound = withAllLogits(name -> name);
    write(sound.clone().addInput(sound.getInput(0).toBuilder().setName("use_cache_branch")));
    refuses("it has an input 'use_cache_branch'");
    write(sound.clone().removeInput(1));
    refuses("it has no input 'attention_mask'");
    Files.write(export.resolve("model.onnx"), new byte[] {10, 100, 3});
    refuses("model.onnx is not an ONNX graph");
    write(outside("../secret", "8"));
    refuses("said to be in '../secret'");
    write(outside("weights.bin", "99999999999"));
    refuses("lies outside its file");
  }

  private GraphProto.Builder outside(String location, String length) {
    GraphProto.Builder graph = withAllLogits(name -> name);
    TensorProto.Builder tensor = TensorProto.newBuilder().setName("far").setDataType(1).addDims(2);
    tensor.setDataLocation(TensorProto.DataLocation.EXTERNAL);
    tensor.addExternalDataBuilder().setKey("location").setValue(location);
    tensor.addExternalDataBuilder().setKey("length").setValue(length);
    return graph.addInitializer(tensor);
  }
}
