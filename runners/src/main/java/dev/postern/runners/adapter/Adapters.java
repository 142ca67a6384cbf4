package dev.postern.runners.adapter;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of one model that are in memory: brought in when they are asked for, within a budget
 * of bytes; the one that was not used for longest makes room. Any thread.
 */
public final class Adapters implements AutoCloseable {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  /** Formats of weights in eight bits or less; for all others adapters are kept as they are. */
  private static final Set<String> IN_EIGHT_BITS = Set.of("int8", "q8", "q4", "mixed");

  private final AdapterStore store;
  private final DecoderConfig model;
  private final ChannelScales channels;
  private final boolean exact;
  private final long budget;
  private final AdapterMemory memory;

  /** Held while a file is read, so that none is read twice. */
  private final ReentrantLock reading = new ReentrantLock();

  private final ReentrantLock lock = new ReentrantLock();
  // Guarded by the lock; the least recently used first.
  private final Map<String, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
  private long bytes;
  private boolean closed;

  private static final class Entry {
    final LoadedAdapter adapter;
    int leases;

    Entry(LoadedAdapter adapter) {
      this.adapter = adapter;
    }
  }

  /** The right to run with an adapter; it stays in memory until all leases are closed. */
  public final class Lease implements AutoCloseable {
    private final Entry entry;
    private boolean ended;

    private Lease(Entry entry) {
      this.entry = entry;
    }

    /** What the graph names the adapter by. */
    public long handle() {
      return entry.adapter.handle();
    }

    @Override
    public void close() {
      lock.lock();
      try {
        if (!ended) {
          ended = true;
          entry.leases--;
          if (closed && entry.leases == 0) {
            entry.adapter.close();
          }
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /**
   * @param folder of the model; adapters are kept in floats, or in eight bits as its own weights
   * @param budget most bytes in memory
   * @param memory what they are taken from, as adapters are loaded
   */
  public Adapters(ModelFolder folder, AdapterStore store, long budget, AdapterMemory memory)
      throws IOException {
    this.store = store;
    this.model = folder.manifest().architecture();
    this.channels = ChannelScales.read(folder.path());
    this.exact = !IN_EIGHT_BITS.contains(folder.manifest().weights());
    this.budget = budget;
    this.memory = memory;
  }

  /** With no limit but the budget. */
  public Adapters(ModelFolder folder, AdapterStore store, long budget) throws IOException {
    this(folder, store, budget, AdapterMemory.UNBOUNDED);
  }

  /**
   * Takes an adapter of PEFT's into the store.
   *
   * @param source a folder or a zip file
   * @throws ImportException when it is not sound, or not made for this model
   */
  public AdapterCard add(Path source, String name) throws IOException {
    return store.add(source, name, model);
  }

  /**
   * Forgets an adapter, in memory and in the store. Where it is in use it stays in memory until
   * there is no room for it.
   *
   * @return whether the store had it
   */
  public boolean remove(String digest) throws IOException {
    lock.lock();
    try {
      Entry entry = entries.get(digest);
      if (entry != null && entry.leases == 0) {
        entries.remove(digest);
        drop(entry);
      }
    } finally {
      lock.unlock();
    }
    return store.remove(digest);
  }

  /** Whether a lease would not have to read a file. */
  public boolean isLoaded(String digest) {
    lock.lock();
    try {
      return entries.containsKey(digest);
    } finally {
      lock.unlock();
    }
  }

  /** Bytes in memory. */
  public long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Brings an adapter into memory when it is not there, which takes a moment, and keeps it there.
   *
   * @throws UnknownAdapterException when the store has none of this digest
   * @throws NoRoomForAdapterException when those in use leave no room for it
   * @throws RunnerException with {@code Unavailable} when the model is being closed
   * @throws ImportException when it was made for another model
   */
  public Lease lease(String digest) throws IOException {
    Lease loaded = leaseLoaded(digest);
    if (loaded != null) {
      return loaded;
    }
    reading.lock();
    try {
      Lease sinceLoaded = leaseLoaded(digest);
      if (sinceLoaded != null) {
        return sinceLoaded;
      }
      if (store.find(digest).isEmpty()) {
        throw new UnknownAdapterException(digest);
      }
      LoadedAdapter adapter = LoadedAdapter.open(store.weights(digest), model, channels, exact);
      try {
        return admit(digest, adapter);
      } catch (RuntimeException failure) {
        adapter.close();
        throw failure;
      }
    } finally {
      reading.unlock();
    }
  }

  private @Nullable Lease leaseLoaded(String digest) {
    lock.lock();
    try {
      Entry entry = entries.get(digest);
      return entry == null ? null : lease(entry);
    } finally {
      lock.unlock();
    }
  }

  private Lease lease(Entry entry) {
    entry.leases++;
    return new Lease(entry);
  }

  private Lease admit(String digest, LoadedAdapter adapter) {
    lock.lock();
    try {
      if (closed) {
        throw new RunnerException(new RunnerFailure.Unavailable("adapters", RETRY_AFTER));
      }
      makeRoom(adapter.bytes());
      var entry = new Entry(adapter);
      entries.put(digest, entry);
      return lease(entry);
    } finally {
      lock.unlock();
    }
  }

  /** Takes the bytes; the least recently used go until they are there. */
  private void makeRoom(long wanted) {
    Iterator<Entry> oldestFirst = entries.values().iterator();
    while (!take(wanted)) {
      Entry idle = null;
      while (idle == null && oldestFirst.hasNext()) {
        Entry entry = oldestFirst.next();
        idle = entry.leases == 0 ? entry : null;
      }
      if (idle == null) {
        throw new NoRoomForAdapterException(wanted);
      }
      oldestFirst.remove();
      drop(idle);
    }
  }

  private boolean take(long wanted) {
    if (bytes + wanted > budget || !memory.take(wanted)) {
      return false;
    }
    bytes += wanted;
    return true;
  }

  private void drop(Entry entry) {
    bytes -= entry.adapter.bytes();
    memory.give(entry.adapter.bytes());
    entry.adapter.close();
  }

  /** Those in use are freed when their leases end. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      for (Entry entry : entries.values()) {
        if (entry.leases == 0) {
          entry.adapter.close();
        }
      }
      entries.clear();
    } finally {
      lock.unlock();
    }
  }
}
