package dev.postern.runners.server;

import dev.postern.runners.server.ModelEntry.State;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that a runner knows, by name. A known model is loaded when it is first asked for; to
 * make room within the memory budget those go that nobody uses or has pinned, least recently used
 * first. Belongs to the server's event loop.
 */
final class LoadedModels {
  private static final Logger LOG = LoggerFactory.getLogger(LoadedModels.class);
  private static final Duration RETRY_WHEN_BUSY = Duration.ofSeconds(1);

  /** What takes time and is done elsewhere. Every future completes on the server's event loop. */
  interface Work {
    Future<ModelFacts> inspect(ModelSource source);

    Future<LoadedModel> load(ModelSource source, long cacheBytes, ModelLoader.Progress progress);

    Future<?> close(LoadedModel model);

    void after(Duration delay, Runnable action);
  }

  /**
   * @param waiting most requests that wait for one model to be loaded
   * @param patience how long each of them does
   * @param retryFailed until a model that could not be loaded is tried again
   */
  record Limits(int waiting, Duration patience, Duration retryFailed) {}

  private final Map<String, ModelEntry> entries = new LinkedHashMap<>();

  /** By name, what is loaded to take the place of a model that serves until then. */
  private final Map<String, ModelEntry> successors = new HashMap<>();

  private final MemoryBudget memory;
  private final Limits limits;
  private final InstantSource clock;
  private final Work work;
  private final ModelRoom room;
  private long uses;
  private long loads;

  LoadedModels(MemoryBudget memory, Limits limits, InstantSource clock, Work work) {
    this.memory = memory;
    this.limits = limits;
    this.clock = clock;
    this.work = work;
    this.room = new ModelRoom(memory, work::close);
  }

  /** A use of a model by one request; the model stays loaded until it is closed. */
  final class Use<M extends LoadedModel> implements AutoCloseable {
    private final ModelEntry entry;
    private final M model;
    private boolean ended;

    private Use(ModelEntry entry, M model) {
      this.entry = entry;
      this.model = model;
      entry.uses++;
      entry.order = ++uses;
      entry.usedAt = clock.instant();
    }

    M model() {
      return model;
    }

    @Override
    public void close() {
      if (!ended) {
        ended = true;
        entry.uses--;
        entry.order = ++uses;
        closeIfUnused(entry);
      }
    }
  }

  /** Enters what was loaded before the server was there; its bytes have been taken. */
  void enter(StartedModel started) {
    var entry = new ModelEntry(started.source());
    entry.facts = started.facts();
    entries.put(started.source().name(), entry);
    if (started.model() != null) {
      entry.state = State.SERVING;
      entry.model = started.model();
      entry.bytes = started.bytes();
      loads++;
    } else if (started.failure() != null) {
      fail(entry, started.failure());
    }
  }

  /**
   * A model for one request, loaded first if need be.
   *
   * @param kind what the request needs
   * @param purpose of such models, for a refusal
   * @return fails with {@link Refusal}
   */
  <M extends LoadedModel> Future<Use<M>> use(String name, Class<M> kind, String purpose) {
    var entry = entries.get(name);
    if (entry == null) {
      return Refusal.failed(ApiFailure.modelNotFound(name));
    }
    return serving(entry)
        .compose(_ -> {
          var model = entry.model;
          if (model == null) {
            return Refusal.failed(ApiFailure.modelNotFound(name));
          }
          return kind.isInstance(model)
              ? Future.succeededFuture(new Use<>(entry, kind.cast(model)))
              : Refusal.failed(ApiFailure.wrongRole(name, purpose));
        });
  }

  /**
   * Makes a model known and loads it. Does nothing to one that already serves from the same folder;
   * one of the same name from another folder serves until its successor does.
   *
   * @return completes when it serves; fails with {@link Refusal}
   */
  Future<Void> load(ModelSource source) {
    var name = source.name();
    var present = entries.get(name);
    if (present == null) {
      return begin(entries, new ModelEntry(source));
    }
    if (present.source.equals(source)) {
      abandon(successors.remove(name));
      present.failedAt = Instant.MIN;
      return serving(present);
    }
    var coming = successors.get(name);
    if (coming != null && coming.source.equals(source)) {
      return awaitLoad(coming);
    }
    abandon(coming);
    var successor = new ModelEntry(source);
    successor.pinned = present.pinned;
    var served = begin(successors, successor);
    loadOf(successor).onSuccess(_ -> replace(successor));
    return served;
  }

  /** Loads a model that is only to be known if that succeeds. */
  private Future<Void> begin(Map<String, ModelEntry> place, ModelEntry entry) {
    place.put(entry.source.name(), entry);
    start(entry);
    // Not by what is returned: its caller may have given up waiting long before.
    loadOf(entry).onFailure(_ -> place.remove(entry.source.name(), entry));
    return awaitLoad(entry);
  }

  private void replace(ModelEntry successor) {
    var name = successor.source.name();
    if (successors.remove(name, successor)) {
      remove(name);
      entries.put(name, successor);
    }
  }

  private void abandon(@Nullable ModelEntry entry) {
    if (entry != null) {
      entry.removed = true;
      closeIfUnused(entry);
    }
  }

  /** Loads a known model, if it is not in memory. Fails with {@link Refusal}. */
  Future<Void> load(String name) {
    var entry = entries.get(name);
    return entry == null ? Refusal.failed(ApiFailure.modelNotFound(name)) : serving(entry);
  }

  /**
   * Frees a model's memory once nobody uses it, and forgets it.
   *
   * @return false when there is none of the name
   */
  boolean remove(String name) {
    abandon(successors.remove(name));
    var entry = entries.remove(name);
    abandon(entry);
    return entry != null;
  }

  /** As {@link #remove}, but the next request loads it again. */
  boolean unload(String name) {
    var entry = entries.get(name);
    if (entry == null || !remove(name)) {
      return false;
    }
    var kept = new ModelEntry(entry.source);
    kept.facts = entry.facts;
    entries.put(name, kept);
    return true;
  }

  void removeAll() {
    List.copyOf(entries.keySet()).forEach(this::remove);
  }

  /**
   * A pinned model is never unloaded to make room.
   *
   * @return false when there is none of the name
   */
  boolean pin(String name, boolean pinned) {
    var entry = entries.get(name);
    if (entry == null) {
      return false;
    }
    entry.pinned = pinned;
    var successor = successors.get(name);
    if (successor != null) {
      successor.pinned = pinned;
    }
    return true;
  }

  /** In the order in which they became known. */
  List<ModelEntry.View> all() {
    return entries.values().stream().map(ModelEntry::view).toList();
  }

  List<LoadedModel> serving() {
    return entries.values().stream().map(entry -> entry.model).filter(Objects::nonNull).toList();
  }

  /** By model, how long its step has been running. */
  Map<String, Duration> steps() {
    var steps = new HashMap<String, Duration>();
    serving().forEach(model -> steps.put(model.name(), model.step()));
    return steps;
  }

  /** What a model is known to take; empty where its folder could not be read. */
  Optional<ModelFacts> facts(String name) {
    return Optional.ofNullable(entries.get(name)).map(entry -> entry.facts);
  }

  MemoryBudget memory() {
    return memory;
  }

  /** Loads that succeeded. */
  long loads() {
    return loads;
  }

  /** Models unloaded to make room for others. */
  long evictions() {
    return room.evictions();
  }

  private Future<Void> serving(ModelEntry entry) {
    return switch (entry.state) {
      case SERVING -> Future.succeededFuture();
      case LOADING -> awaitLoad(entry);
      case KNOWN -> {
        start(entry);
        yield awaitLoad(entry);
      }
      case FAILED -> {
        var failure = entry.failure;
        if (failure != null
            && clock.instant().isBefore(entry.failedAt.plus(limits.retryFailed()))) {
          yield Refusal.failed(failure);
        }
        start(entry);
        yield awaitLoad(entry);
      }
    };
  }

  private Future<Void> awaitLoad(ModelEntry entry) {
    if (entry.waiting >= limits.waiting()) {
      return Refusal.failed(ApiFailure.overloaded(RETRY_WHEN_BUSY));
    }
    var waited = Promise.<Void>promise();
    entry.waiting++;
    loadOf(entry).onComplete(_ -> waited.tryComplete(), waited::tryFail);
    work.after(
        limits.patience(),
        () -> waited.tryFail(new Refusal(ApiFailure.stillLoading(entry.source.name()))));
    return waited.future().onComplete(_ -> entry.waiting--);
  }

  private static Future<Void> loadOf(ModelEntry entry) {
    return Objects.requireNonNull(entry.loading).future();
  }

  private void start(ModelEntry entry) {
    entry.state = State.LOADING;
    entry.failure = null;
    entry.progress = 0;
    var loading = Promise.<Void>promise();
    entry.loading = loading;
    work.inspect(entry.source)
        .compose(facts -> {
          entry.facts = facts;
          return room.take(entry, facts.footprint(), entries.values());
        })
        .compose(cache -> work.load(entry.source, cache, at -> entry.progress = at))
        .onComplete(
            model -> {
              loaded(entry, model);
              loading.complete();
            },
            cause -> {
              memory.give(entry.bytes);
              entry.bytes = 0;
              fail(entry, cause);
              loading.fail(new Refusal(Objects.requireNonNull(entry.failure)));
            });
  }

  private void loaded(ModelEntry entry, LoadedModel model) {
    entry.model = model;
    entry.state = State.SERVING;
    entry.order = ++uses;
    loads++;
    LOG.info("loaded {} into {} bytes", entry.source.name(), entry.bytes);
    closeIfUnused(entry);
  }

  /** Room that is missing now may be there for the next request; a folder does not mend so soon. */
  private void fail(ModelEntry entry, Throwable cause) {
    var name = entry.source.name();
    if (cause instanceof Refusal refusal) {
      entry.state = State.KNOWN;
      entry.failure = refusal.failure();
    } else {
      LOG.warn("could not load {}", name, cause);
      entry.state = State.FAILED;
      entry.failedAt = clock.instant();
      entry.failure = ApiFailure.notLoadable(name, reason(cause), limits.retryFailed());
    }
  }

  private static String reason(Throwable cause) {
    return cause.getMessage() == null ? cause.toString() : cause.getMessage();
  }

  private void closeIfUnused(ModelEntry entry) {
    var model = entry.model;
    if (entry.removed && entry.uses == 0 && model != null) {
      entry.model = null;
      entry.state = State.KNOWN;
      work.close(model)
          .onComplete(_ -> {
            memory.give(entry.bytes);
            model.shrink();
            entry.bytes = 0;
          });
    }
  }
}
