package dev.postern.runners.server;

import dev.postern.runners.server.ModelEntry.State;
import io.vertx.core.Future;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes room within the memory budget: those models go that nobody uses or has pinned, least
 * recently used first. Belongs to the server's event loop.
 */
final class ModelRoom {
  private static final Logger LOG = LoggerFactory.getLogger(ModelRoom.class);

  private final MemoryBudget memory;
  private final Function<LoadedModel, Future<?>> closing;
  private long evictions;

  /**
   * @param closing completes when a model's memory is free
   */
  ModelRoom(MemoryBudget memory, Function<LoadedModel, Future<?>> closing) {
    this.memory = memory;
    this.closing = closing;
  }

  /** Models unloaded to make room for others. */
  long evictions() {
    return evictions;
  }

  /**
   * Takes what a model needs, unloading others if that helps.
   *
   * @param known all models
   * @return bytes for its cache, when what went is really gone; fails with {@link Refusal}
   */
  Future<Long> take(ModelEntry entry, Footprint footprint, Collection<ModelEntry> known) {
    var name = entry.source.name();
    long pinned =
        known.stream()
            .filter(other -> other.pinned && other != entry)
            .mapToLong(ModelEntry::promised)
            .sum();
    if (footprint.leastBytes() > memory.bytes() - pinned) {
      return Refusal.failed(
          ApiFailure.modelTooLarge(name, footprint.leastBytes(), memory.bytes() - pinned));
    }
    var victims = new ArrayList<ModelEntry>();
    long missing = footprint.leastBytes() - memory.free();
    for (var candidate : leastRecentlyUsed(known)) {
      // A model that is to be replaced serves until its successor does.
      if (missing > 0 && !candidate.source.name().equals(name)) {
        victims.add(candidate);
        missing -= candidate.promised();
      }
    }
    if (missing > 0) {
      return Refusal.failed(ApiFailure.noRoom(name));
    }
    var closings = victims.stream().map(this::evict).toList();
    var cache = memory.take(footprint);
    if (cache.isEmpty()) {
      // An adapter was quicker.
      return Future.join(closings).compose(_ -> Refusal.failed(ApiFailure.noRoom(name)));
    }
    entry.bytes = footprint.fixedBytes() + cache.getAsLong();
    return Future.join(closings).map(cache.getAsLong());
  }

  private static List<ModelEntry> leastRecentlyUsed(Collection<ModelEntry> known) {
    return known.stream()
        .filter(ModelEntry::idle)
        .sorted(Comparator.comparingLong(entry -> entry.order))
        .toList();
  }

  /** Its bytes are its successor's at once: the successor waits until they are free. */
  private Future<?> evict(ModelEntry entry) {
    var model = Objects.requireNonNull(entry.model);
    LOG.info("unloading {} to make room", entry.source.name());
    evictions++;
    memory.give(entry.bytes);
    model.shrink();
    entry.bytes = 0;
    entry.model = null;
    entry.state = State.KNOWN;
    return closing.apply(model);
  }
}
