package dev.postern.runners.server;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The models by name. A model that is replaced or removed is closed when the last request that uses
 * it has ended. Belongs to the server's event loop.
 */
final class LoadedModels {
  private final Map<String, Entry> entries = new LinkedHashMap<>();
  private final Consumer<LoadedModel> close;

  /**
   * @param close frees a model, which may take a moment
   */
  LoadedModels(Consumer<LoadedModel> close) {
    this.close = close;
  }

  private static final class Entry {
    final LoadedModel model;
    int uses;
    boolean removed;

    Entry(LoadedModel model) {
      this.model = model;
    }
  }

  /** A use of a model by one request. */
  final class Use implements AutoCloseable {
    private final Entry entry;
    private boolean ended;

    private Use(Entry entry) {
      this.entry = entry;
      entry.uses++;
    }

    LoadedModel model() {
      return entry.model;
    }

    @Override
    public void close() {
      if (!ended) {
        ended = true;
        entry.uses--;
        closeIfUnused(entry);
      }
    }
  }

  void put(LoadedModel model) {
    remove(model.name());
    entries.put(model.name(), new Entry(model));
  }

  boolean remove(String name) {
    var entry = entries.remove(name);
    if (entry == null) {
      return false;
    }
    entry.removed = true;
    closeIfUnused(entry);
    return true;
  }

  void removeAll() {
    List.copyOf(entries.keySet()).forEach(this::remove);
  }

  @Nullable Use use(String name) {
    var entry = entries.get(name);
    return entry == null ? null : new Use(entry);
  }

  List<LoadedModel> all() {
    var models = new ArrayList<LoadedModel>();
    entries.values().forEach(entry -> models.add(entry.model));
    return models;
  }

  private void closeIfUnused(Entry entry) {
    if (entry.removed && entry.uses == 0) {
      close.accept(entry.model);
    }
  }
}
