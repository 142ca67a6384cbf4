package dev.postern.runners.engine;

import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Load;
import dev.postern.runners.engine.Generator.Token;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's thread. Each round takes in at most one waiting row, feeds one chunk of its prompt,
 * and moves all rows that are past their prompt one token on, so that a long prompt holds nobody up
 * for longer than a chunk.
 *
 * <p>Decoding rows are the cache's first; the one row still in its prompt lies behind them. A row
 * that leaves is replaced by the last, which keeps the batch one stretch of memory.
 */
final class EngineLoop implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final Decoder decoder;
  private final IntPredicate endsGeneration;
  private final int prefillChunk;
  private final int maxWaiting;
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();

  private final StepWatch steps = new StepWatch();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  // Guarded by the lock.
  private final ArrayDeque<Row> waiting = new ArrayDeque<>();
  private boolean closed;
  private int active;
  private long reserved;

  // The engine thread's own.
  private final List<Row> decoding = new ArrayList<>();
  private @Nullable Row prefilling;
  private final float[] logits;
  private final int[] nextTokens;
  private long cpuMark;

  EngineLoop(Decoder decoder, IntPredicate endsGeneration, int prefillChunk, int maxWaiting) {
    this.decoder = decoder;
    this.endsGeneration = endsGeneration;
    this.prefillChunk = prefillChunk;
    this.maxWaiting = maxWaiting;
    this.logits = new float[decoder.vocabulary()];
    this.nextTokens = new int[decoder.maxRows()];
  }

  /** Queues a row, or refuses it. Any thread. */
  void submit(Row row) {
    lock.lock();
    try {
      if (closed) {
        throw stopped();
      }
      if (waiting.size() >= maxWaiting && (active > 0 || !waiting.isEmpty())) {
        throw new RunnerException(new RunnerFailure.Overloaded("engine", RETRY_AFTER));
      }
      waiting.add(row);
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  /** Lets the thread look at cancellations. Any thread. */
  void wake() {
    lock.lock();
    try {
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  StepWatch steps() {
    return steps;
  }

  Load load() {
    lock.lock();
    try {
      return new Load(
          active,
          waiting.size(),
          decoder.maxRows(),
          maxWaiting,
          reserved * decoder.bytesPerToken(),
          decoder.maxTokens() * decoder.bytesPerToken());
    } finally {
      lock.unlock();
    }
  }

  /** Fails what is running and waiting, and ends the thread. Any thread. */
  void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private static RunnerException stopped() {
    return new RunnerException(new RunnerFailure.Unavailable("engine", RETRY_AFTER));
  }

  @Override
  public void run() {
    while (awaitWork()) {
      steps.begin();
      try {
        round();
      } catch (Exception | OutOfMemoryError failure) {
        LOG.error("a step failed, its {} rows are ended", activeRows(), failure);
        failActive(failure);
      } finally {
        steps.end();
      }
    }
    failActive(stopped());
    drainWaiting().forEach(row -> tell(row, () -> row.fail(stopped())));
    decoder.close();
  }

  /** Sleeps until there is something to do; false when closed. */
  private boolean awaitWork() {
    lock.lock();
    try {
      active = activeRows();
      reserved = reserved();
      while (!closed && active == 0 && waiting.isEmpty()) {
        work.awaitUninterruptibly();
      }
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private int activeRows() {
    return decoding.size() + (prefilling == null ? 0 : 1);
  }

  /** Positions that the rows in the batch may come to hold. */
  private long reserved() {
    return decoding.stream().mapToLong(Row::reserved).sum()
        + (prefilling == null ? 0 : prefilling.reserved());
  }

  private void round() throws Exception {
    cpuMark = threads.getCurrentThreadCpuTime();
    removeCancelled();
    admit();
    Row row = prefilling;
    if (row != null) {
      prefillChunk(row);
    }
    if (!decoding.isEmpty()) {
      decodeStep();
    }
  }

  private void removeCancelled() {
    List<Row> gone = new ArrayList<>();
    lock.lock();
    try {
      waiting.removeIf(row -> row.cancelled() && gone.add(row));
    } finally {
      lock.unlock();
    }
    gone.forEach(row -> end(row, FinishReason.CANCELLED));
    for (int i = decoding.size() - 1; i >= 0; i--) {
      if (decoding.get(i).cancelled()) {
        end(remove(i), FinishReason.CANCELLED);
      }
    }
    Row row = prefilling;
    if (row != null && row.cancelled()) {
      prefilling = null;
      decoder.clear(decoding.size());
      end(row, FinishReason.CANCELLED);
    }
  }

  /** Takes the first waiting row when a row and room for all its positions are free. */
  private void admit() {
    if (prefilling != null || decoding.size() == decoder.maxRows()) {
      return;
    }
    long taken = reserved();
    Row row;
    lock.lock();
    try {
      row = waiting.peek();
      if (row == null || taken + row.reserved() > decoder.maxTokens()) {
        return;
      }
      waiting.remove();
      active = activeRows() + 1;
      reserved = taken + row.reserved();
    } finally {
      lock.unlock();
    }
    row.started(System.nanoTime());
    prefilling = row;
  }

  private void prefillChunk(Row row) throws Exception {
    int index = decoding.size();
    int limit = row.scoresPrompt() ? Math.min(decoder.maxScored(), prefillChunk) : prefillChunk;
    int from = row.prefilled();
    int count = Math.min(limit, row.prompt().length - from);
    decoder.prefill(index, row.prompt(), from, count, row.scoresPrompt());
    if (row.scoresPrompt()) {
      score(row, from, count);
    }
    row.prefilled(count, System.nanoTime());
    if (row.prefilling()) {
      charge(List.of(row));
      return;
    }
    prefilling = null;
    decoding.add(row);
    boolean lives = tell(row, row::reportPrompt);
    decoder.logits(row.scoresPrompt() ? count - 1 : 0, logits);
    if (lives && row.full()) {
      end(row, FinishReason.LENGTH);
      lives = false;
    } else if (lives) {
      lives = advance(row);
    }
    charge(List.of(row));
    if (!lives) {
      remove(index);
    }
  }

  /** The logits after a position are of the token at the next one. */
  private void score(Row row, int from, int count) {
    for (int i = 0; i < count && from + i + 1 < row.prompt().length; i++) {
      decoder.logits(i, logits);
      row.score(from + i + 1, logits);
    }
  }

  private void decodeStep() throws Exception {
    for (int i = 0; i < decoding.size(); i++) {
      nextTokens[i] = decoding.get(i).next();
    }
    decoder.decode(decoding.size(), nextTokens);
    List<Row> stepped = List.copyOf(decoding);
    List<Integer> left = new ArrayList<>();
    for (int i = 0; i < stepped.size(); i++) {
      decoder.logits(i, logits);
      if (!advance(stepped.get(i))) {
        left.addFirst(i);
      }
    }
    charge(stepped);
    left.forEach(this::remove);
  }

  /** Chooses a row's next token from the logits; false when that was its end. */
  private boolean advance(Row row) {
    Token token = row.choose(logits);
    if (endsGeneration.test(token.id())) {
      end(row, FinishReason.STOP);
      return false;
    }
    if (!tell(row, () -> row.tell(token))) {
      return false;
    }
    if (row.full()) {
      end(row, FinishReason.LENGTH);
      return false;
    }
    return true;
  }

  /** Shares the processor time since the last mark equally over the rows it went to. */
  private void charge(List<Row> rows) {
    long now = threads.getCurrentThreadCpuTime();
    long share = (now - cpuMark) / rows.size();
    cpuMark = now;
    rows.forEach(row -> row.charge(share));
  }

  /** Takes a row out of the batch; the rows behind it close the gap. */
  private Row remove(int index) {
    int last = decoding.size() - 1;
    Row removed = decoding.get(index);
    Row moved = decoding.removeLast();
    if (index != last) {
      decoding.set(index, moved);
      decoder.copy(last, index);
    }
    if (prefilling != null) {
      decoder.copy(last + 1, last);
      decoder.clear(last + 1);
    } else {
      decoder.clear(last);
    }
    return removed;
  }

  private void end(Row row, FinishReason reason) {
    tell(row, () -> row.end(reason, System.nanoTime()));
  }

  private void failActive(Throwable cause) {
    List<Row> rows = new ArrayList<>(decoding);
    if (prefilling != null) {
      rows.add(prefilling);
    }
    for (int i = 0; i < rows.size(); i++) {
      decoder.clear(i);
    }
    decoding.clear();
    prefilling = null;
    rows.forEach(row -> tell(row, () -> row.fail(cause)));
  }

  private List<Row> drainWaiting() {
    lock.lock();
    try {
      var rows = List.copyOf(waiting);
      waiting.clear();
      return rows;
    } finally {
      lock.unlock();
    }
  }

  /** A listener that throws loses its own row and nobody else's. */
  private boolean tell(Row row, Runnable message) {
    try {
      message.run();
      return true;
    } catch (RuntimeException failure) {
      LOG.error("a listener threw, its generation is ended", failure);
      row.cancel();
      return false;
    }
  }
}
