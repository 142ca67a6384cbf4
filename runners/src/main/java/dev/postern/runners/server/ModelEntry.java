package dev.postern.runners.server;

import io.vertx.core.Promise;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A known model and how it stands. Belongs to the server's event loop, but for the progress. */
final class ModelEntry {
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

  final ModelSource source;
  State state = State.KNOWN;
  @Nullable ModelFacts facts;
  @Nullable LoadedModel model;

  /** Of the last load; null before the first. */
  @Nullable Promise<Void> loading;

  @Nullable ApiFailure failure;
  Instant failedAt = Instant.MIN;
  @Nullable Instant usedAt;

  /** Of the last use, among those of all models. */
  long order;

  /** Promised to it when it was loaded. */
  long bytes;

  /** Requests that use it. */
  int uses;

  /** Requests that wait for its load. */
  int waiting;

  boolean pinned;

  /** No longer known: it goes when nobody uses it. */
  boolean removed;

  volatile double progress;

  ModelEntry(ModelSource source) {
    this.source = source;
  }

  /** All that is promised to it. */
  long promised() {
    return bytes + (model == null ? 0 : model.grown());
  }

  /** Whether it may go to make room. */
  boolean idle() {
    return state == State.SERVING && uses == 0 && !pinned;
  }

  View view() {
    return new View(
        source,
        state,
        facts,
        model,
        pinned,
        uses,
        promised(),
        state == State.SERVING ? 1 : progress,
        failure == null ? null : failure.message(),
        usedAt);
  }
}
