package dev.postern.runners.server;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** How a model stands. */
  enum State {
    /** Not in memory; the first request loads it. */
    KNOWN,
    LOADING,
    SERVING,
    /** Its last load failed; tried again after a while. */
    FAILED
  }

  /**
   * A model as reports show it.
   *
   * @param facts null when its folder could not be read, or not yet
   * @param model null unless it serves
   * @param bytes promised to it, its cache included
   * @param progress of a load, 0 to 1
   * @param failure why the last load failed; null when it did not
   * @param usedAt when the last request began; null before the first
   */
  record View(
      ModelSource source,
      State state,
      @Nullable ModelFacts facts,
      @Nullable LoadedModel model,
      boolean pinned,
      int uses,
      long bytes,
      double progress,
      @Nullable String failure,
      @Nullable Instant usedAt) {}

  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final MemoryBudget memory;
  private final Limits limits;
  private final InstantSource clock;
  private final Work work;
  private long uses;
  private long loads;
  private long evictions;

  LoadedModels(MemoryBudget memory, Limits limits, InstantSource clock, Work work) {
    this.memory = memory;
    this.limits = limits;
    this.clock = clock;
    this.work = work;
  }

  private static final class Entry {
    final ModelSource source;
    State state = State.KNOWN;
    @Nullable ModelFacts facts;
    @Nullable LoadedModel model;
    @Nullable Promise<Void> loading;
    @Nullable ApiFailure failure;
    Instant failedAt = Instant.MIN;
    @Nullable Instant usedAt;
    long order;
    long bytes;
    int uses;
    int waiting;
    boolean pinned;
    boolean removed;
    volatile double progress;

    Entry(ModelSource source) {
      this.source = source;
    }

    boolean idle() {
      return state == State.SERVING && uses == 0 && !pinned;
    }
  }

  /** A use of a model by one request; the model stays loaded until it is closed. */
  final class Use<M extends LoadedModel> implements AutoCloseable {
    private final Entry entry;
    private final M model;
    private boolean ended;

    private Use(Entry entry, M model) {
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
    var entry = new Entry(started.source());
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
      return refused(ApiFailure.modelNotFound(name));
    }
    return serving(entry)
        .compose(_ -> {
          var model = entry.model;
          if (model == null) {
            return refused(ApiFailure.modelNotFound(name));
          }
          return kind.isInstance(model)
              ? Future.succeededFuture(new Use<>(entry, kind.cast(model)))
              : refused(ApiFailure.wrongRole(name, purpose));
        });
  }

  /**
   * Makes a model known and loads it. Does nothing to one that already serves from the same folder;
   * one of the same name from another folder serves until its successor does.
   *
   * @return completes when it serves; fails with {@link Refusal}
   */
  Future<Void> load(ModelSource source) {
    var present = entries.get(source.name());
    if (present != null && present.source.equals(source)) {
      present.failedAt = Instant.MIN;
      return serving(present);
    }
    var entry = new Entry(source);
    if (present == null) {
      entries.put(source.name(), entry);
      return serving(entry)
          .onFailure(_ -> {
            if (entry.state == State.FAILED || entry.state == State.KNOWN) {
              entries.remove(source.name(), entry);
            }
          });
    }
    return serving(entry)
        .onSuccess(_ -> {
          remove(source.name());
          entries.put(source.name(), entry);
        });
  }

  /** Loads a known model, if it is not in memory. Fails with {@link Refusal}. */
  Future<Void> load(String name) {
    var entry = entries.get(name);
    return entry == null ? refused(ApiFailure.modelNotFound(name)) : serving(entry);
  }

  /**
   * Frees a model's memory once nobody uses it, and forgets it.
   *
   * @return false when there is none of the name
   */
  boolean remove(String name) {
    var entry = entries.remove(name);
    if (entry == null) {
      return false;
    }
    entry.removed = true;
    closeIfUnused(entry);
    return true;
  }

  /** As {@link #remove}, but the next request loads it again. */
  boolean unload(String name) {
    var entry = entries.get(name);
    if (entry == null || !remove(name)) {
      return false;
    }
    var kept = new Entry(entry.source);
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
    return true;
  }

  /** In the order in which they became known. */
  List<View> all() {
    var views = new ArrayList<View>();
    for (var entry : entries.values()) {
      views.add(
          new View(
              entry.source,
              entry.state,
              entry.facts,
              entry.model,
              entry.pinned,
              entry.uses,
              entry.bytes,
              entry.state == State.SERVING ? 1 : entry.progress,
              entry.failure == null ? null : entry.failure.message(),
              entry.usedAt));
    }
    return views;
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

  MemoryBudget memory() {
    return memory;
  }

  /** Loads that succeeded. */
  long loads() {
    return loads;
  }

  /** Models unloaded to make room for others. */
  long evictions() {
    return evictions;
  }

  private Future<Void> serving(Entry entry) {
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
          yield refused(failure);
        }
        start(entry);
        yield awaitLoad(entry);
      }
    };
  }

  private Future<Void> awaitLoad(Entry entry) {
    var loading = Objects.requireNonNull(entry.loading);
    if (entry.waiting >= limits.waiting()) {
      return refused(ApiFailure.overloaded(RETRY_WHEN_BUSY));
    }
    var waited = Promise.<Void>promise();
    entry.waiting++;
    loading.future().onComplete(_ -> waited.tryComplete(), waited::tryFail);
    work.after(
        limits.patience(),
        () -> waited.tryFail(new Refusal(ApiFailure.stillLoading(entry.source.name()))));
    return waited.future().onComplete(_ -> entry.waiting--);
  }

  private void start(Entry entry) {
    entry.state = State.LOADING;
    entry.failure = null;
    entry.progress = 0;
    var loading = Promise.<Void>promise();
    entry.loading = loading;
    work.inspect(entry.source)
        .compose(facts -> {
          entry.facts = facts;
          return makeRoom(entry, facts.footprint());
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

  private void loaded(Entry entry, LoadedModel model) {
    entry.model = model;
    entry.state = State.SERVING;
    entry.order = ++uses;
    loads++;
    LOG.info("loaded {} into {} bytes", entry.source.name(), entry.bytes);
    closeIfUnused(entry);
  }

  /** Room that is missing now may be there for the next request; a folder does not mend so soon. */
  private void fail(Entry entry, Throwable cause) {
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

  /**
   * Takes what a model needs, unloading others if that helps.
   *
   * @return bytes for its cache, when what went is really gone
   */
  private Future<Long> makeRoom(Entry entry, Footprint footprint) {
    var name = entry.source.name();
    long pinned =
        entries.values().stream()
            .filter(other -> other.pinned && other != entry)
            .mapToLong(other -> other.bytes)
            .sum();
    if (footprint.leastBytes() > memory.bytes() - pinned) {
      return refused(
          ApiFailure.modelTooLarge(name, footprint.leastBytes(), memory.bytes() - pinned));
    }
    var victims = new ArrayList<Entry>();
    long missing = footprint.leastBytes() - memory.free();
    for (var candidate : leastRecentlyUsed()) {
      // A model that is to be replaced serves until its successor does.
      if (missing > 0 && !candidate.source.name().equals(name)) {
        victims.add(candidate);
        missing -= candidate.bytes;
      }
    }
    if (missing > 0) {
      return refused(ApiFailure.noRoom(name));
    }
    var closings = victims.stream().map(this::evict).toList();
    long cache = memory.take(footprint).orElseThrow();
    entry.bytes = footprint.fixedBytes() + cache;
    return Future.join(closings).map(cache);
  }

  private List<Entry> leastRecentlyUsed() {
    return entries.values().stream()
        .filter(Entry::idle)
        .sorted(Comparator.comparingLong(entry -> entry.order))
        .toList();
  }

  /** Its bytes are its successor's at once: the successor waits until they are free. */
  private Future<?> evict(Entry entry) {
    var model = Objects.requireNonNull(entry.model);
    LOG.info("unloading {} to make room", entry.source.name());
    evictions++;
    memory.give(entry.bytes);
    entry.bytes = 0;
    entry.model = null;
    entry.state = State.KNOWN;
    return work.close(model);
  }

  private void closeIfUnused(Entry entry) {
    var model = entry.model;
    if (entry.removed && entry.uses == 0 && model != null) {
      entry.model = null;
      entry.state = State.KNOWN;
      work.close(model)
          .onComplete(_ -> {
            memory.give(entry.bytes);
            entry.bytes = 0;
          });
    }
  }

  private static <T> Future<T> refused(ApiFailure failure) {
    return Future.failedFuture(new Refusal(failure));
  }
}
