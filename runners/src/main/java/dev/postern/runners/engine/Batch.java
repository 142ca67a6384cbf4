package dev.postern.runners.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The rows that have a place in the decoder, and the account of its memory. Decoding rows are the
 * decoder's first, which keeps them one stretch; rows that are still being fed lie behind them in
 * any order.
 *
 * <p>Memory is counted in the decoder's blocks. A row has the blocks of the positions it holds;
 * what rows leave over holds prefixes of rows that have gone, which make way as soon as a row needs
 * it.
 */
final class Batch {
  private static final Comparator<Row> BY_IMPORTANCE =
      Comparator.comparingInt((Row row) -> row.caller().priority())
          .thenComparing(Comparator.comparingLong(Row::queuedAt).reversed());

  private final Decoder decoder;
  private final int blockTokens;
  private final int totalBlocks;
  private final PrefixCache prefixes;
  private final List<Row> decoding = new ArrayList<>();
  private final @Nullable Row[] feeding;
  private final Map<Row, Integer> blocks = new LinkedHashMap<>();
  private final Deque<Integer> freed = new ArrayDeque<>();
  private final AtomicLong takenTokens = new AtomicLong();
  private int rowBlocks;
  private int unused;

  Batch(Decoder decoder) {
    this.decoder = decoder;
    this.blockTokens = decoder.blockTokens();
    this.totalBlocks = (int) Math.min(Integer.MAX_VALUE, decoder.maxTokens() / blockTokens);
    this.prefixes = new PrefixCache(blockTokens);
    this.feeding = new Row[decoder.maxRows()];
    if (totalBlocks < blocksFor(decoder.contextLength())) {
      throw new IllegalArgumentException("the decoder's memory holds less than one row");
    }
  }

  /** Rows that get a token in each step, in the decoder's order. */
  List<Row> decoding() {
    return decoding;
  }

  /** Rows with tokens still to be fed. */
  List<Row> feeding() {
    List<Row> rows = new ArrayList<>();
    for (Row row : feeding) {
      if (row != null) {
        rows.add(row);
      }
    }
    return rows;
  }

  /** All of them, in the order in which they came. */
  List<Row> rows() {
    return List.copyOf(blocks.keySet());
  }

  int size() {
    return blocks.size();
  }

  /** Positions that rows take memory for. */
  long rowTokens() {
    return (long) rowBlocks * blockTokens;
  }

  /** Positions that rows did not need to compute, so far. Any thread. */
  long takenTokens() {
    return takenTokens.get();
  }

  /** Positions that prefixes of rows that have gone take memory for. */
  long prefixTokens() {
    return (long) prefixes.size() * blockTokens;
  }

  /**
   * Whether one more row may come in. Beside others that are being fed one place stays free, in
   * which one of them steps aside for another that is ready first.
   */
  boolean hasPlace() {
    int needed = size() == decoding.size() ? 1 : 2;
    return size() + needed <= decoder.maxRows();
  }

  /**
   * Gives a row a place and what is known of its prefix already.
   *
   * @return false when there is not enough memory
   */
  boolean admit(Row row) {
    // Its own prefix becomes the youngest, so that others make way first.
    prefixes.find(row.partition(), row.tokens(), row.takeable());
    // Each row beside it will want to go on for a while.
    int wanted = blocksFor(Math.min(row.length() + 1, decoder.contextLength()));
    if (wanted + decoding.size() > totalBlocks - rowBlocks && size() > 0) {
      return false;
    }
    int slot = freeSlot();
    // From here on it is one of the rows that are told when something fails.
    blocks.put(row, 0);
    feeding[slot] = row;
    decoder.adapt(slot, row.adapterHandle());
    reserve(row, wanted);
    int taken = takePrefix(row, slot);
    takenTokens.addAndGet(taken);
    row.admitted(taken, System.nanoTime());
    return true;
  }

  private int takePrefix(Row row, int slot) {
    List<Integer> cached = prefixes.find(row.partition(), row.tokens(), row.takeable());
    int known = cached.size() * blockTokens;
    Row source = null;
    for (Row other : rows()) {
      if (other != row && other.sharesWith(row)) {
        int common = Math.min(Math.min(row.takeable(), other.shareable()), row.commonPrefix(other));
        if (common > known) {
          known = common;
          source = other;
        }
      }
    }
    if (source != null) {
      decoder.share(slot(source), slot, known);
    } else {
      cached.forEach(block -> decoder.load(block, slot));
    }
    return known;
  }

  /** Whether a row had better wait for another that is being fed much of the same tokens. */
  boolean awaitsPrefix(Row row) {
    for (Row other : feeding) {
      if (other != null && other.sharesWith(row)) {
        int common = Math.min(row.takeable(), row.commonPrefix(other));
        if (common > other.filled() && common >= row.takeable() / 2) {
          return true;
        }
      }
    }
    return false;
  }

  /** A row that has been fed everything joins those that decode, as their last. */
  void ready(Row row) {
    int from = slot(row);
    int to = decoding.size();
    Row other = feeding[to];
    if (other != null && other != row) {
      int aside = freeSlot();
      decoder.copy(to, aside);
      feeding[aside] = other;
      feeding[to] = null;
    }
    feeding[from] = null;
    if (from != to) {
      decoder.copy(from, to);
      decoder.clear(from);
    }
    decoding.add(row);
  }

  /**
   * Gets memory for more positions than the row holds, where prefixes can make way for them.
   *
   * @return false when there is not enough
   */
  boolean grow(Row row, int positions) {
    return reserve(row, blocksFor(row.filled() + positions));
  }

  private boolean reserve(Row row, int wanted) {
    int more = wanted - blocks.getOrDefault(row, 0);
    if (more <= 0) {
      return true;
    }
    while (free() < more && prefixes.size() > 0) {
      removeEldest();
    }
    if (free() < more) {
      return false;
    }
    blocks.merge(row, more, Integer::sum);
    rowBlocks += more;
    return true;
  }

  private int free() {
    return totalBlocks - rowBlocks - prefixes.size();
  }

  /** Whether no further block can be set aside. */
  private boolean full() {
    return free() == 0 || prefixes.size() == decoder.maxBlocks();
  }

  private void removeEldest() {
    int block = prefixes.removeEldest();
    decoder.drop(block);
    freed.push(block);
  }

  /** The row that makes way first when memory runs short: of the lowest priority the youngest. */
  Row leastImportant() {
    return rows().stream().min(BY_IMPORTANCE).orElseThrow();
  }

  /**
   * A row that should make way for one that waits: of a lower priority, or of a tenant that has
   * several places while the other has none. While rows are being fed it is one of these, for they
   * keep a place free.
   */
  @Nullable Row lessEntitledThan(Row row, FairShares shares) {
    Map<String, Integer> places = new HashMap<>();
    rows().forEach(other -> places.merge(other.caller().tenant(), 1, Integer::sum));
    List<Row> candidates = feeding();
    return (candidates.isEmpty() ? decoding : candidates)
        .stream()
            .filter(other ->
                other.caller().priority() < row.caller().priority()
                    || WaitingRows.before(row, other, shares)
                        && !places.containsKey(row.caller().tenant())
                        && places.getOrDefault(other.caller().tenant(), 0) > 1)
            .min(BY_IMPORTANCE)
            .orElse(null);
  }

  /** Takes a row out, setting its prefix aside. */
  void leave(Row row) {
    int slot = slot(row);
    prefixes.keep(
        row.partition(),
        row.tokens(),
        row.shareable(),
        (from, mayRemove) -> {
          if (full() && mayRemove) {
            removeEldest();
          }
          if (full()) {
            return -1;
          }
          int block = freed.isEmpty() ? unused++ : freed.pop();
          decoder.save(slot, from, block);
          return block;
        });
    drop(row);
  }

  /** Takes a row out. */
  void drop(Row row) {
    int slot = slot(row);
    rowBlocks -= blocks.getOrDefault(row, 0);
    blocks.remove(row);
    if (slot >= decoding.size()) {
      feeding[slot] = null;
      decoder.clear(slot);
      return;
    }
    int last = decoding.size() - 1;
    Row moved = decoding.removeLast();
    if (slot != last) {
      decoding.set(slot, moved);
      decoder.copy(last, slot);
    }
    decoder.clear(last);
  }

  /** Takes all rows out. */
  void clear() {
    for (int slot = 0; slot < feeding.length; slot++) {
      feeding[slot] = null;
      decoder.clear(slot);
    }
    decoding.clear();
    blocks.clear();
    rowBlocks = 0;
  }

  int slot(Row row) {
    int index = decoding.indexOf(row);
    if (index >= 0) {
      return index;
    }
    for (int slot = 0; slot < feeding.length; slot++) {
      if (feeding[slot] == row) {
        return slot;
      }
    }
    throw new IllegalStateException("the row is not in the batch");
  }

  private int freeSlot() {
    int slot = decoding.size();
    while (feeding[slot] != null) {
      slot++;
    }
    return slot;
  }

  private int blocksFor(int positions) {
    return (positions + blockTokens - 1) / blockTokens;
  }
}
