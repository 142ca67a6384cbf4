package dev.postern.runners.server;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the models that a runner starts with, all at once, beside whatever else comes up. What the
 * budget has no room for is loaded when it is asked for, and a damaged model keeps no other back.
 */
final class StartingModels {
  private static final Logger LOG = LoggerFactory.getLogger(StartingModels.class);

  private final ModelLoader loader;
  private final MemoryBudget memory;

  StartingModels(ModelLoader loader, MemoryBudget memory) {
    this.loader = loader;
    this.memory = memory;
  }

  /**
   * @throws Exception when there are models and none can be served
   */
  List<StartedModel> load(List<ModelSource> wanted) throws Exception {
    var started = new ArrayList<StartedModel>();
    try (var threads =
        Executors.newThreadPerTaskExecutor(
            Thread.ofPlatform().name(ModelThreads.ENGINE).factory())) {
      var loading = wanted.stream().map(source -> begin(source, threads)).toList();
      for (var model : loading) {
        started.add(model.get());
      }
    }
    started.stream().filter(model -> model.failure() != null).forEach(m -> memory.give(m.bytes()));
    requireOne(started);
    return started;
  }

  private Future<StartedModel> begin(ModelSource source, ExecutorService threads) {
    try {
      var facts = loader.inspect(source);
      var cache = memory.take(facts.footprint());
      if (cache.isEmpty()) {
        LOG.info("there is no room for {} yet", source.name());
        return CompletableFuture.completedFuture(new StartedModel(source, facts, 0, null, null));
      }
      long bytes = facts.footprint().fixedBytes() + cache.getAsLong();
      return threads.submit(() -> load(source, facts, bytes, cache.getAsLong()));
    } catch (Exception e) {
      return CompletableFuture.completedFuture(new StartedModel(source, null, 0, null, e));
    }
  }

  private StartedModel load(ModelSource source, ModelFacts facts, long bytes, long cache) {
    try {
      var model = loader.load(source, cache, _ -> {});
      LOG.info("loaded {}", source.name());
      return new StartedModel(source, facts, bytes, model, null);
    } catch (Exception | OutOfMemoryError e) {
      return new StartedModel(source, facts, bytes, null, e);
    }
  }

  private static void requireOne(List<StartedModel> started) throws Exception {
    if (started.stream().anyMatch(model -> model.failure() == null)) {
      return;
    }
    for (var model : started) {
      var name = model.source().name();
      throw new IllegalStateException(
          "no model can be served; %s: %s".formatted(name, model.failure()), model.failure());
    }
  }
}
