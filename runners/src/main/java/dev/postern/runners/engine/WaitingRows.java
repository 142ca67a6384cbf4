package dev.postern.runners.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The rows that wait for a place, in a line for each tenant. It is bounded, and fair in refusing
 * too: when it is full, the tenant that has most waiting for its weight loses its last. Not
 * thread-safe.
 */
final class WaitingRows {
  private static final Comparator<Entry> ORDER =
      Comparator.comparingInt((Entry entry) -> -entry.row.caller().priority())
          .thenComparingLong(Entry::number);

  private final int limit;
  private final Map<String, TreeSet<Entry>> lines = new LinkedHashMap<>();
  private int size;
  private long arrivals;
  private long returns;

  /**
   * @param number of arrival; rows that come back have negative ones, the first before all others
   */
  private record Entry(Row row, long number) {}

  /**
   * @param limit most rows, not counting those that come back
   */
  WaitingRows(int limit) {
    this.limit = limit;
  }

  int size() {
    return size;
  }

  /**
   * Adds a row at the end of its tenant's line.
   *
   * @param free places that rows may take without waiting
   * @return the row that had to go for it, if one had to
   * @throws dev.postern.runners.RunnerException with {@code Overloaded} when it is the row itself
   *     that has to go
   */
  @Nullable Row add(Row row, int free) {
    put(row, ++arrivals);
    if (size <= Math.max(limit, free)) {
      return null;
    }
    Row refused = mostGreedy(row);
    remove(refused);
    if (refused == row) {
      throw Intake.overloaded();
    }
    return refused;
  }

  /** Puts a row that lost its place first in its line. */
  void putBack(Row row) {
    put(row, - ++returns);
  }

  private void put(Row row, long number) {
    lines
        .computeIfAbsent(row.caller().tenant(), _ -> new TreeSet<>(ORDER))
        .add(new Entry(row, number));
    size++;
  }

  /** The last row of the longest line for its tenant's weight, of those that may be refused. */
  private Row mostGreedy(Row newest) {
    Row last = newest;
    double most = length(newest);
    for (TreeSet<Entry> line : lines.values()) {
      Row candidate = null;
      for (Entry entry : line.descendingSet()) {
        if (!entry.row.started()) {
          candidate = entry.row;
          break;
        }
      }
      if (candidate != null && length(candidate) > most) {
        most = length(candidate);
        last = candidate;
      }
    }
    return last;
  }

  private double length(Row row) {
    TreeSet<Entry> line = lines.get(row.caller().tenant());
    return line == null ? 0 : (double) line.size() / row.caller().weight();
  }

  /**
   * The row to go next: of the highest priority, of the tenant that has had least.
   *
   * @param ready rows that may go; a tenant whose first may not is passed over
   */
  @Nullable Row first(FairShares shares, Predicate<Row> ready) {
    Row first = null;
    for (TreeSet<Entry> line : lines.values()) {
      Row row = line.first().row;
      if (ready.test(row) && (first == null || before(row, first, shares))) {
        first = row;
      }
    }
    return first;
  }

  /** Whether a row goes before another of another tenant. */
  static boolean before(Row row, Row other, FairShares shares) {
    int priority = row.caller().priority();
    int otherPriority = other.caller().priority();
    return priority != otherPriority
        ? priority > otherPriority
        : shares.of(row.caller()) < shares.of(other.caller());
  }

  void remove(Row row) {
    TreeSet<Entry> line = lines.get(row.caller().tenant());
    if (line != null && line.removeIf(entry -> entry.row == row)) {
      size--;
      if (line.isEmpty()) {
        lines.remove(row.caller().tenant());
      }
    }
  }

  List<Row> removeAll(Predicate<Row> which) {
    List<Row> gone = new ArrayList<>();
    for (TreeSet<Entry> line : lines.values()) {
      for (Entry entry : line) {
        if (which.test(entry.row)) {
          gone.add(entry.row);
        }
      }
    }
    gone.forEach(this::remove);
    return gone;
  }
}
