package dev.postern.runners.engine;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.engine.Generator.Load;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where the rows of any thread meet the engine's: those that wait, and those that were pushed out
 * while they did. Thread-safe; what is marked so is the engine's thread's to call.
 */
final class Intake {
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final int maxWaiting;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  // Guarded by the lock.
  private final WaitingRows waiting;
  private final List<Row> pushedOut = new ArrayList<>();
  private boolean closed;
  private int active;
  private long rowTokens;

  /** Rows that are not to be let in any more. */
  record Gone(List<Row> pushedOut, List<Row> cancelled) {}

  Intake(int maxWaiting) {
    this.maxWaiting = maxWaiting;
    this.waiting = new WaitingRows(maxWaiting);
  }

  static RunnerException stopped() {
    return new RunnerException(new RunnerFailure.Unavailable("engine", RETRY_AFTER));
  }

  static RunnerException overloaded() {
    return new RunnerException(new RunnerFailure.Overloaded("engine", RETRY_AFTER));
  }

  /** Queues a row, or refuses it. */
  void submit(Row row) {
    lock.lock();
    try {
      if (closed) {
        throw stopped();
      }
      Row other = waiting.add(row, active == 0 ? 1 : 0);
      if (other != null) {
        pushedOut.add(other);
      }
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Lets the engine look at cancellations. */
  void wake() {
    lock.lock();
    try {
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Takes no more rows, and ends the engine's waiting. */
  void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  Load load(Decoder decoder) {
    lock.lock();
    try {
      return new Load(
          active,
          waiting.size(),
          decoder.maxRows(),
          maxWaiting,
          rowTokens * decoder.bytesPerToken(),
          decoder.maxTokens() * decoder.bytesPerToken());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sleeps until there is something to do. The engine's thread.
   *
   * @param running rows in the batch, and {@code tokens} what they keep; shown in {@link #load}
   * @return false when closed
   */
  boolean await(int running, long tokens) {
    lock.lock();
    try {
      active = running;
      rowTokens = tokens;
      while (!closed && active == 0 && waiting.size() == 0 && pushedOut.isEmpty()) {
        work.awaitUninterruptibly();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  /** Takes out who has left the queue or was pushed out of it. The engine's thread. */
  Gone takeGone() {
    lock.lock();
    try {
      var gone = new Gone(List.copyOf(pushedOut), waiting.removeAll(Row::cancelled));
      pushedOut.clear();
      return gone;
    } finally {
      lock.unlock();
    }
  }

  /** Takes out the next row of those that may be let in. The engine's thread. */
  @Nullable Row take(FairShares shares, Predicate<Row> may) {
    lock.lock();
    try {
      Row row = waiting.first(shares, may);
      if (row != null) {
        waiting.remove(row);
      }
      return row;
    } finally {
      lock.unlock();
    }
  }

  /** Lets a row wait that was let in before or found no place. The engine's thread. */
  void putBack(Row row) {
    lock.lock();
    try {
      waiting.putBack(row);
    } finally {
      lock.unlock();
    }
  }

  /** Empties it. The engine's thread. */
  List<Row> takeAll() {
    lock.lock();
    try {
      List<Row> rows = new ArrayList<>(pushedOut);
      pushedOut.clear();
      rows.addAll(waiting.removeAll(_ -> true));
      return rows;
    } finally {
      lock.unlock();
    }
  }
}
