package dev.postern.runners.adapter;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.adapter.LowRank.Precision;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ModelFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The adapters of one model that are in memory: brought in when they are asked for, within a budget
 * of bytes; the one that was not used for longest makes room. Any thread.
 */
public final class Adapters implements AutoCloseable {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final AdapterStore store;
  private final DecoderConfig model;
  private final ChannelScales channels;
  private final Precision precision;
  private final long budget;

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
   * @param folder of the model; adapters are kept as exactly as its own weights
   * @param budget most bytes in memory
   */
  public Adapters(ModelFolder folder, AdapterStore store, long budget) throws IOException {
    this.store = store;
    this.model = folder.manifest().architecture();
    this.channels = ChannelScales.read(folder.path());
    this.precision = folder.manifest().weights().equals("f32") ? Precision.FLOAT : Precision.HALF;
    this.budget = budget;
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
        bytes -= entry.adapter.bytes();
        entry.adapter.close();
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
   * @throws RunnerException with {@code Overloaded} when those in use leave no room for it
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
      LoadedAdapter adapter = LoadedAdapter.open(store.weights(digest), model, channels, precision);
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
      bytes += adapter.bytes();
      return lease(entry);
    } finally {
      lock.unlock();
    }
  }

  private void makeRoom(long wanted) {
    Iterator<Entry> oldestFirst = entries.values().iterator();
    while (bytes + wanted > budget && oldestFirst.hasNext()) {
      Entry entry = oldestFirst.next();
      if (entry.leases == 0) {
        oldestFirst.remove();
        bytes -= entry.adapter.bytes();
        entry.adapter.close();
      }
    }
    if (bytes + wanted > budget) {
      throw new RunnerException(new RunnerFailure.Overloaded("adapters", RETRY_AFTER));
    }
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
