package dev.postern.runners.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.adapter.NoRoomForAdapterException;
import dev.postern.runners.adapter.SampleAdapter;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.importer.Projection;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.testing.TinyLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxModelsIT {
  /** Less than an adapter of the tests takes, and so room for one and not for two. */
  private static final long HALF_AN_ADAPTER = 1_000;

  @TempDir private Path folder;

  @Test
  void anAdapterTakesMemoryWhenItIsLoadedAndGivesItBackWhenItGoes() throws Exception {
    Path file = folder.resolve("tiny.gguf");
    Files.write(file, TinyLlama.gguf(1));
    var model =
        new ModelImport(folder.resolve("cache"), new RowInt8Format())
            .run(file, null, ImportProgress.NONE);
    long session = OnnxGenerator.packedBytes(model.manifest());
    long adapter = size(model);
    var config = EngineConfig.defaults().withProvider(EngineConfig.Provider.CPU);
    var source = new ModelSource("tiny", ModelRole.CHAT, model.path());
    var probe = new OnnxModels(config, new MemoryBudget(0)).inspect(source).footprint();
    var memory = new MemoryBudget(probe.leastBytes() + session + adapter + HALF_AN_ADAPTER);
    var models = new OnnxModels(config, memory);
    long cache = memory.take(probe).orElseThrow();
    memory.give(cache - probe.leastCacheBytes());
    var loaded = models.load(source, cache, _ -> {});
    try {
      var adapters = ((LoadedModel.Generative) loaded).generator().adapters().orElseThrow();
      var generator = ((LoadedModel.Generative) loaded).generator();
      assertThat(loaded.grown()).isZero();
      String first = add(adapters, model, 1);
      String second = add(adapters, model, 2);
      try {
        generator.prepare(first);
        assertThat(loaded.grown()).isEqualTo(session + adapter);
        try (var _ = adapters.lease(first)) {
          assertThatThrownBy(() -> generator.prepare(second))
              .isInstanceOf(NoRoomForAdapterException.class);
        }
        generator.prepare(second);
        assertThat(adapters.isLoaded(first)).isFalse();
        assertThat(loaded.grown()).isEqualTo(session + adapter);
      } finally {
        adapters.remove(first);
        adapters.remove(second);
      }
      assertThat(loaded.grown()).isEqualTo(session);
      loaded.shrink();
      assertThat(memory.taken()).isEqualTo(probe.leastBytes());
    } finally {
      loaded.close();
    }
  }

  private String add(Adapters adapters, ModelFolder model, int seed) throws Exception {
    return adapters.add(sample(model, seed), "sample").digest();
  }

  private Path sample(ModelFolder model, int seed) throws Exception {
    return new SampleAdapter(seed, 4, List.of(Projection.Q, Projection.DOWN), 0.1)
        .write(folder.resolve("sample" + seed), model.manifest().architecture());
  }

  /** Of a sample in memory. */
  private long size(ModelFolder model) throws Exception {
    var store = new AdapterStore(folder.resolve("probe"));
    try (var adapters = new Adapters(model, store, 1 << 20)) {
      adapters.lease(add(adapters, model, 0)).close();
      return adapters.bytes();
    }
  }
}
