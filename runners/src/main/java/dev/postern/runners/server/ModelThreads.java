package dev.postern.runners.server;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.util.concurrent.Callable;

/**
 * Loads and closes models on threads of their own, so that a slow disk holds up nothing else, and
 * reports to the server's event loop.
 */
record ModelThreads(Context context, ModelLoader loader) implements LoadedModels.Work {

  /** ONNX Runtime's threads inherit this name from the one that opens a session. */
  static final String ENGINE = "onnx";

  @Override
  public Future<ModelFacts> inspect(ModelSource source) {
    return run(() -> loader.inspect(source));
  }

  @Override
  public Future<LoadedModel> load(
      ModelSource source, long cacheBytes, ModelLoader.Progress progress) {
    return run(() -> loader.load(source, cacheBytes, progress));
  }

  @Override
  public Future<?> close(LoadedModel model) {
    return run(() -> {
      model.close();
      return model;
    });
  }

  @Override
  public void after(Duration delay, Runnable action) {
    context.owner().setTimer(delay.toMillis(), _ -> action.run());
  }

  private <T> Future<T> run(Callable<T> action) {
    var result = Promise.<T>promise();
    Thread.ofPlatform()
        .name(ENGINE)
        .daemon()
        .start(() -> {
          try {
            var value = action.call();
            context.runOnContext(_ -> result.complete(value));
          } catch (Exception | OutOfMemoryError e) {
            context.runOnContext(_ -> result.fail(e));
          }
        });
    return result.future();
  }
}
