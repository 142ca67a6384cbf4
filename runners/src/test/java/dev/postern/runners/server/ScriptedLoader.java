package dev.postern.runners.server;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;

/** Loads scripted models; the folder's name says how a load goes. */
final class ScriptedLoader implements ModelLoader {
  private final long bytes;
  final List<String> loads = new CopyOnWriteArrayList<>();
  final Map<String, ScriptedGenerator> generators = new ConcurrentHashMap<>();

  /** What the next loads give. */
  volatile Supplier<ScriptedGenerator> making = () -> new ScriptedGenerator(1);

  /** Loads from the folder {@code slow} wait for it. */
  final CountDownLatch slow = new CountDownLatch(1);

  /**
   * @param bytes of each model
   */
  ScriptedLoader(long bytes) {
    this.bytes = bytes;
  }

  static ModelSource source(String name) {
    return new ModelSource(name, ModelRole.CHAT, Path.of(name));
  }

  @Override
  public ModelFacts inspect(ModelSource source) throws IOException {
    if (source.folder().endsWith("missing")) {
      throw new IOException("nothing there");
    }
    return new ModelFacts("sha256:" + source.name(), 400, new Footprint(bytes, 0, 0));
  }

  @Override
  public LoadedModel load(ModelSource source, long cacheBytes, Progress progress)
      throws InterruptedException, IOException {
    loads.add(source.name());
    progress.at(0.5);
    if (source.folder().endsWith("slow")) {
      slow.await();
    }
    if (source.folder().endsWith("damaged")) {
      throw new IOException("weights.bin is cut short");
    }
    var generator = making.get();
    generators.put(source.name(), generator);
    return LoadedModel.Generative.of(source.name(), generator, "fp_2");
  }
}
