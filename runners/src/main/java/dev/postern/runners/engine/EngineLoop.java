package dev.postern.runners.engine;

import dev.postern.runners.engine.EngineConfig.Guessing;
import dev.postern.runners.engine.Generator.Counters;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Load;
import dev.postern.runners.engine.Generator.Token;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's thread. Each round lets in rows that wait, feeds one chunk of one row's prompt, and
 * moves all rows that are past their prompt on. Rows come in by {@link Intake}; who is next is told
 * by {@link WaitingRows} and {@link FairShares}, where rows and prefixes lie by {@link Batch}, how
 * long a chunk may be by {@link PrefillPace}.
 */
final class EngineLoop implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(EngineLoop.class);

  private final Decoder decoder;
  private final IntPredicate endsGeneration;
  private final Guessing guessing;
  private final Intake intake;
  private final StepWatch steps = new StepWatch();
  private final AtomicLong fedTokens = new AtomicLong();
  private final AtomicLong guessed = new AtomicLong();
  private final AtomicLong confirmed = new AtomicLong();
  private final AtomicLong preemptions = new AtomicLong();

  // The engine thread's own.
  private final Batch batch;
  private final FairShares shares = new FairShares();
  private final CpuMeter cpu;
  private final PrefillPace pace;
  private final Speculation speculation = new Speculation();
  private final float[] logits;
  private final int[] nextTokens;

  /** A row that is through, once its last step is paid for. */
  private record Ending(Row row, FinishReason reason) {}

  /**
   * @param prefillChunk most tokens of a prompt in one call, at least 3
   * @param clock processor time of the engine, asked on the engine's thread
   */
  EngineLoop(
      Decoder decoder,
      IntPredicate endsGeneration,
      int prefillChunk,
      int maxWaiting,
      Guessing guessing,
      LongSupplier clock) {
    this.decoder = decoder;
    this.endsGeneration = endsGeneration;
    this.guessing = guessing;
    this.intake = new Intake(maxWaiting);
    this.batch = new Batch(decoder);
    this.cpu = new CpuMeter(clock, shares);
    this.pace = new PrefillPace(prefillChunk);
    this.logits = new float[decoder.vocabulary()];
    this.nextTokens = new int[decoder.maxRows()];
  }

  /** Queues a row, or refuses it. Any thread. */
  void submit(Row row) {
    intake.submit(row);
  }

  /** Lets the thread look at cancellations. Any thread. */
  void wake() {
    intake.wake();
  }

  /** Fails what is running and waiting, and ends the thread. Any thread. */
  void close() {
    intake.close();
  }

  StepWatch steps() {
    return steps;
  }

  Load load() {
    return intake.load(decoder);
  }

  Counters counters() {
    return new Counters(
        cpu.charged() / 1000,
        cpu.unattributed() / 1000,
        fedTokens.get(),
        batch.takenTokens(),
        preemptions.get(),
        guessed.get(),
        confirmed.get());
  }

  @Override
  public void run() {
    cpu.start();
    while (awaitWork()) {
      steps.begin();
      try {
        round();
      } catch (Exception | Error failure) {
        // Whatever it is: a thread that died of it would let all rows wait for ever.
        LOG.error("a step failed, its {} rows are ended", batch.size(), failure);
        failActive(failure);
      } finally {
        steps.end();
      }
    }
    failActive(Intake.stopped());
    intake.takeAll().forEach(row -> fail(row, Intake.stopped()));
    decoder.close();
  }

  /** Sleeps until there is something to do; false when closed. */
  private boolean awaitWork() {
    if (batch.size() == 0) {
      cpu.charge(List.of());
    }
    return intake.await(batch.size(), batch.rowTokens());
  }

  private void round() throws Exception {
    removeGone();
    admit();
    Row row = nextToFeed();
    int limit = pace.chunk(!batch.decoding().isEmpty());
    if (row != null && limit > 0) {
      feed(row, limit);
    }
    if (!batch.decoding().isEmpty()) {
      decode();
    }
  }

  private void removeGone() {
    Intake.Gone gone = intake.takeGone();
    gone.pushedOut().forEach(row -> fail(row, Intake.overloaded()));
    gone.cancelled().forEach(row -> tellEnd(row, FinishReason.CANCELLED));
    for (Row row : batch.rows()) {
      if (row.cancelled()) {
        end(new Ending(row, FinishReason.CANCELLED));
      }
    }
  }

  /** Lets rows in while there are places, or rows that should make way. */
  private void admit() {
    for (Row row = takeWaiting(); row != null; row = takeWaiting()) {
      Row less = null;
      boolean admitted = batch.hasPlace() && batch.admit(row);
      if (!admitted) {
        less = batch.lessEntitledThan(row, shares);
        intake.putBack(row);
      }
      if (admitted) {
        shares.serve(row.caller());
        cpu.charge(List.of(row));
      } else if (less == null) {
        return;
      } else {
        preempt(less);
      }
    }
  }

  private @Nullable Row takeWaiting() {
    return intake.take(shares, row -> !batch.awaitsPrefix(row));
  }

  /** Sends a row back to wait; it will compute again what nobody keeps for it. */
  private void preempt(Row row) {
    batch.leave(row);
    row.preempted();
    intake.putBack(row);
    preemptions.incrementAndGet();
  }

  private @Nullable Row nextToFeed() {
    Row next = null;
    for (Row row : batch.feeding()) {
      if (next == null || WaitingRows.before(row, next, shares)) {
        next = row;
      }
    }
    return next;
  }

  private void feed(Row row, int limit) throws Exception {
    boolean othersDecode = !batch.decoding().isEmpty();
    boolean scores = row.scoresPrompt();
    int from = row.filled();
    int count = chunk(scores ? Math.min(decoder.maxScored(), limit) : limit, row.unfed());
    long begun = System.nanoTime();
    decoder.prefill(batch.slot(row), row.tokens(), from, count, scores);
    long now = System.nanoTime();
    pace.fed(count, now - begun, othersDecode);
    fedTokens.addAndGet(count);
    row.filled(count, now);
    if (scores) {
      score(row, from, count);
    }
    Ending ending = null;
    if (!row.prefilling()) {
      decoder.logits(scores ? count - 1 : 0, logits);
      batch.ready(row);
      ending = begin(row);
    }
    cpu.charge(List.of(row));
    if (ending != null) {
      end(ending);
    }
  }

  /** How many of the tokens to feed, so that no single one is left over. */
  private static int chunk(int limit, int unfed) {
    return unfed == limit + 1 ? limit - 1 : Math.min(limit, unfed);
  }

  /** The logits after a position are of the token at the next one. */
  private void score(Row row, int from, int count) {
    for (int i = 0; i < count && from + i + 1 < row.length(); i++) {
      decoder.logits(i, logits);
      row.score(from + i + 1, logits);
    }
  }

  /** The first token after what was fed. */
  private @Nullable Ending begin(Row row) {
    if (!tell(row, row::reportPrompt)) {
      return new Ending(row, FinishReason.CANCELLED);
    }
    return row.full() ? new Ending(row, FinishReason.LENGTH) : advance(row);
  }

  private void decode() throws Exception {
    growRows();
    List<Row> rows = List.copyOf(batch.decoding());
    if (rows.isEmpty()) {
      // All have made way for rows that are still being fed.
      return;
    }
    if (rows.size() == 1 && batch.size() == 1) {
      decodeAlone(rows.getFirst());
      return;
    }
    for (int i = 0; i < rows.size(); i++) {
      nextTokens[i] = rows.get(i).next();
    }
    long begun = System.nanoTime();
    decoder.decode(rows.size(), nextTokens);
    long now = System.nanoTime();
    pace.stepped(now - begun);
    List<Ending> endings = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      decoder.logits(i, logits);
      rows.get(i).filled(1, now);
      Ending ending = advance(rows.get(i));
      if (ending != null) {
        endings.add(ending);
      }
    }
    cpu.charge(rows);
    endings.forEach(this::end);
  }

  /** A step of one row, which may settle more tokens than one. */
  private void decodeAlone(Row row) throws Exception {
    int[] guess = guess(row);
    int count = 1 + guess.length;
    if (!batch.grow(row, count)) {
      count = 1;
    }
    int[] tokens = new int[count];
    tokens[0] = row.next();
    System.arraycopy(guess, 0, tokens, 1, count - 1);
    long begun = System.nanoTime();
    if (count == 1) {
      decoder.decode(1, tokens);
    } else {
      decoder.prefill(0, tokens, 0, count, true);
    }
    long now = System.nanoTime();
    int from = row.filled();
    speculation.called(count, now - begun);
    if (count == 1) {
      pace.stepped(now - begun);
    }
    Ending ending = null;
    for (int i = 0; i < count && ending == null; i++) {
      if (i > 0 && row.next() != tokens[i]) {
        break;
      }
      decoder.logits(i, logits);
      row.filled(1, now);
      ending = advance(row);
    }
    guessed.addAndGet(count - 1);
    confirmed.addAndGet(row.filled() - from - 1);
    // The last token that was settled is not appended yet.
    decoder.truncate(0, row.filled());
    cpu.charge(List.of(row));
    if (ending != null) {
      end(ending);
    }
  }

  /**
   * Sees to it that all rows have memory for one more position, by sending rows back if need be.
   */
  private void growRows() {
    for (Row row : List.copyOf(batch.decoding())) {
      while (batch.decoding().contains(row) && !batch.grow(row, 1)) {
        preempt(batch.leastImportant());
      }
    }
  }

  private int[] guess(Row row) {
    boolean may =
        switch (guessing) {
          case NEVER -> false;
          case UNSEEN -> !row.repeatable();
          case ALWAYS -> true;
        };
    return may
        ? speculation.guess(row, Math.min(row.remaining(), decoder.maxScored()) - 1)
        : new int[0];
  }

  /** Chooses a row's next token from the logits; its ending when that was the last. */
  private @Nullable Ending advance(Row row) {
    Token token = row.choose(logits);
    if (endsGeneration.test(token.id())) {
      return new Ending(row, FinishReason.STOP);
    }
    if (!tell(row, () -> row.tell(token))) {
      return new Ending(row, FinishReason.CANCELLED);
    }
    return row.full() ? new Ending(row, FinishReason.LENGTH) : null;
  }

  private void end(Ending ending) {
    batch.leave(ending.row());
    speculation.ended(ending.row());
    tellEnd(ending.row(), ending.reason());
  }

  private void tellEnd(Row row, FinishReason reason) {
    tell(row, () -> row.end(reason, System.nanoTime()));
  }

  private void fail(Row row, Throwable cause) {
    tell(row, () -> row.fail(cause));
  }

  private void failActive(Throwable cause) {
    List<Row> rows = batch.rows();
    cpu.charge(rows);
    batch.clear();
    rows.forEach(speculation::ended);
    rows.forEach(row -> fail(row, cause));
  }

  /** A listener that throws loses its own row and nobody else's. */
  private boolean tell(Row row, Runnable message) {
    try {
      message.run();
      return true;
    } catch (RuntimeException | Error failure) {
      LOG.error("a listener threw, its generation is ended", failure);
      row.cancel();
      return false;
    }
  }
}
