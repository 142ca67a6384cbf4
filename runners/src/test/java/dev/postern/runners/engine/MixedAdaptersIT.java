package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.adapter.SampleAdapter;
import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.importer.DefaultModels;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ImportProgress;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelImport;
import dev.postern.runners.importer.Projection;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.template.Conversation.Turn;
import dev.postern.runners.wire.Sampling;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sixteen tenants' adapters on the real default model in floats, in one batch. */
@Timeout(300)
class MixedAdaptersIT {
  private static final int ROWS = 16;
  private static final int TOKENS = 8;
  private static final long SEED = 20_261_124;
  private static final double SIZE = 0.5;

  @TempDir private Path folder;

  @Test
  void eachRowWritesInTheBatchWhatItWritesAlone() throws Exception {
    ModelFolder model = model();
    var config =
        EngineConfig.defaults()
            .withProvider(EngineConfig.Provider.CPU)
            .withMaxRows(ROWS)
            .withMaxContext(256)
            .withCacheBytes(256 << 20);
    var store = new AdapterStore(folder.resolve("adapters"));
    try (var generator = OnnxGenerator.open(model.path(), config, store, 256 << 20)) {
      List<String> digests = adapters(generator, model);
      int[] prompt = prompt(generator);
      List<Recording> together = new ArrayList<>();
      digests.forEach(digest -> together.add(start(generator, prompt, digest)));
      List<List<Integer>> mixed = new ArrayList<>();
      for (Recording row : together) {
        row.await();
        mixed.add(row.ids());
      }
      for (int i = 0; i < ROWS; i++) {
        Recording alone = start(generator, prompt, digests.get(i));
        alone.await();
        assertThat(alone.ids()).as("adapter %d", i).isEqualTo(mixed.get(i));
      }
      // Otherwise nothing would show that each had its own.
      assertThat(new HashSet<>(mixed)).hasSizeGreaterThan(ROWS / 4);
    }
  }

  private ModelFolder model() throws Exception {
    try {
      Path file = new DefaultModels(DefaultModels.userCache()).chatFile(ImportProgress.NONE);
      return new ModelImport(folder.resolve("models"), new FloatFormat())
          .run(file, null, ImportProgress.NONE);
    } catch (ImportException unreachable) {
      abort("the default model is not there: " + unreachable.getMessage());
      throw unreachable;
    }
  }

  /** Ranks from 4 to 16, on one to seven of the layers' matrices. */
  private List<String> adapters(OnnxGenerator generator, ModelFolder model) throws Exception {
    var random = new Random(SEED);
    var digests = new ArrayList<String>();
    for (int i = 0; i < ROWS; i++) {
      var targets = new ArrayList<Projection>();
      for (Projection projection : Projection.values()) {
        if (random.nextBoolean()) {
          targets.add(projection);
        }
      }
      targets.add(Projection.values()[i % Projection.values().length]);
      var sample = new SampleAdapter(SEED + i, 4 + random.nextInt(13), targets, SIZE);
      Path peft = sample.write(folder.resolve("adapter" + i), model.manifest().architecture());
      digests.add(generator.adapters().orElseThrow().add(peft, "adapter " + i).digest());
      generator.prepare(digests.getLast());
    }
    return digests;
  }

  private static int[] prompt(OnnxGenerator generator) {
    var conversation = Conversation.of(List.of(Turn.of("user", "Tell me about the sea.")));
    return generator.tokenizer().encode(generator.renderChat(conversation), true);
  }

  private static Recording start(OnnxGenerator generator, int[] prompt, String digest) {
    var listener = new Recording();
    var greedy = new Sampling(0, 1, 1, 0L, List.of(), 0, 0, Map.of(), false, 0);
    generator.submit(
        new Request(prompt, greedy, TOKENS, false, Caller.ANYONE, null, digest), listener);
    return listener;
  }
}
