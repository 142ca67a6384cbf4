package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.adapter.UnknownAdapterException;
import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.testing.TinyAdapter;
import dev.postern.runners.testing.TinyFamily;
import dev.postern.runners.wire.Sampling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters against PEFT's own implementation, all of them and none in one batch. */
@Timeout(60)
class AdapterReferenceIT {
  private static final EngineConfig CONFIG =
      EngineConfig.defaults()
          .withProvider(EngineConfig.Provider.CPU)
          .withThreads(1)
          .withMaxRows(6)
          .withPrefillChunk(16)
          .withCacheBytes(16 << 20);

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"llama2", "phi3", "gemma3"})
  void eachRowGetsWhatItsAdapterGivesAlone(String name) throws Exception {
    TinyFamily family = TinyFamily.read(name);
    List<TinyAdapter> adapters = TinyAdapter.read(name);
    var store = new AdapterStore(folder.resolve("cache"));
    try (var generator = open(family, store, 64 << 20)) {
      var digests = new ArrayList<@Nullable String>();
      for (TinyAdapter adapter : adapters) {
        Path peft = adapter.write(folder.resolve("adapter" + digests.size()));
        var card = generator.adapters().orElseThrow().add(peft, "tuned");
        generator.prepare(card.digest());
        digests.add(card.digest());
      }
      digests.add(null);

      List<List<Integer>> expected = new ArrayList<>();
      adapters.forEach(adapter -> expected.add(adapter.greedy()));
      expected.add(Arrays.stream(family.greedy()).boxed().toList());
      assertThat(expected).doesNotHaveDuplicates();

      List<Recording> together = new ArrayList<>();
      for (String digest : digests) {
        together.add(start(generator, family, digest));
      }
      for (int i = 0; i < together.size(); i++) {
        together.get(i).await();
        assertThat(together.get(i).ids()).isEqualTo(expected.get(i));
        var alone = start(generator, family, digests.get(i));
        alone.await();
        assertThat(alone.ids()).isEqualTo(expected.get(i));
      }
    }
  }

  @Test
  void anAdapterNotInUseMakesRoomForAnother() throws Exception {
    TinyFamily family = TinyFamily.read("llama2");
    var store = new AdapterStore(folder.resolve("cache"));
    List<TinyAdapter> adapters = TinyAdapter.read("llama2");
    try (var generator = open(family, store, 120_000)) {
      var loaded = generator.adapters().orElseThrow();
      var digests = new ArrayList<String>();
      for (TinyAdapter adapter : adapters) {
        Path peft = adapter.write(folder.resolve("adapter" + digests.size()));
        digests.add(loaded.add(peft, "tuned").digest());
      }
      for (int round = 0; round < 2; round++) {
        for (int i = 0; i < digests.size(); i++) {
          var row = start(generator, family, digests.get(i));
          row.await();
          assertThat(row.ids()).isEqualTo(adapters.get(i).greedy());
          assertThat(loaded.bytes()).isBetween(1L, 120_000L);
        }
      }
      assertThat(digests.stream().filter(loaded::isLoaded).count()).isLessThan(digests.size());
    }
  }

  @Test
  void anUnknownAdapterIsRefused() throws Exception {
    TinyFamily family = TinyFamily.read("llama2");
    try (var generator = open(family, new AdapterStore(folder.resolve("cache")), 1 << 20)) {
      assertThatThrownBy(() -> start(generator, family, "sha256:" + "0".repeat(64)))
          .isInstanceOf(UnknownAdapterException.class);
      assertThatThrownBy(() -> start(generator, family, "../card"))
          .isInstanceOf(UnknownAdapterException.class);
    }
  }

  private OnnxGenerator open(TinyFamily family, AdapterStore store, long bytes) throws Exception {
    ModelFolder model =
        new ModelImport(folder.resolve("cache"), new FloatFormat())
            .run(family.write(folder.resolve("model")), null, ImportProgress.NONE);
    return OnnxGenerator.open(model.path(), CONFIG, store, bytes);
  }

  private static Recording start(
      OnnxGenerator generator, TinyFamily family, @Nullable String digest) {
    var listener = new Recording();
    var greedy = new Sampling(0, 1, 1, 0L, List.of(), 0, 0, Map.of(), false, 0);
    generator.submit(
        new Request(
            family.prompt(), greedy, family.greedy().length, false, Caller.ANYONE, null, digest),
        listener);
    return listener;
  }
}
