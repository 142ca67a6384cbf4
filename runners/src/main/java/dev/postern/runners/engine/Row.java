package dev.postern.runners.engine;

import dev.postern.runners.engine.Generator.Caller;
import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Generation;
import dev.postern.runners.engine.Generator.Listener;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Timings;
import dev.postern.runners.engine.Generator.Token;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One generation on its way from the queue through the batch. It knows all its tokens, so that it
 * can lose its place in the batch and take its answer up again where it was. The engine's thread
 * owns it.
 */
final class Row implements Generation {
  private final int promptLength;
  private final boolean scorePrompt;
  private final int maxTokens;
  private final boolean greedy;
  private final boolean repeatable;
  private final Caller caller;
  private final @Nullable String adapter;
  private final Sampler sampler;
  private final Listener listener;
  private final Runnable wake;
  private final long adapterHandle;
  private final long queuedAt;
  private final List<Token> scored = new ArrayList<>();
  private volatile boolean cancelled;
  private int[] tokens;
  private int length;
  private int filled;
  private int fed;
  private int cached;
  private boolean promptReported;
  private boolean started;
  private long startedAt;
  private long prefilledAt;
  private long cpuNanos;

  /**
   * @param maxTokens already cut to what the context has room for
   * @param adapterHandle handle of the adapter to apply; 0 for none
   * @param wake called once cancelled
   */
  Row(
      Request request,
      int maxTokens,
      long adapterHandle,
      Listener listener,
      Runnable wake,
      long now) {
    this.tokens = request.prompt().clone();
    this.length = tokens.length;
    this.promptLength = tokens.length;
    this.fed = tokens.length;
    this.scorePrompt = request.scorePrompt();
    this.maxTokens = maxTokens;
    this.greedy = request.sampling().temperature() == 0;
    this.repeatable = greedy || request.sampling().seed() != null;
    this.caller = request.caller();
    this.adapter = request.adapter();
    this.sampler = new Sampler(request);
    this.listener = listener;
    this.wake = wake;
    this.adapterHandle = adapterHandle;
    this.queuedAt = now;
    this.startedAt = now;
    this.prefilledAt = now;
  }

  @Override
  public void cancel() {
    cancelled = true;
    wake.run();
  }

  /** Handle of its adapter; 0 for none. */
  long adapterHandle() {
    return adapterHandle;
  }

  boolean cancelled() {
    return cancelled;
  }

  Caller caller() {
    return caller;
  }

  /** Whether two rows' equal tokens have equal keys and values, and may share them. */
  boolean sharesWith(Row other) {
    return partition().equals(other.partition());
  }

  PrefixCache.Partition partition() {
    return new PrefixCache.Partition(caller.tenant(), adapter);
  }

  /** The prompt and what was produced so far, {@link #length} of them; not to be changed. */
  int[] tokens() {
    return tokens;
  }

  int length() {
    return length;
  }

  int promptLength() {
    return promptLength;
  }

  /** Whether it always says what is likeliest. */
  boolean greedy() {
    return greedy;
  }

  /** Whether another run has to give the same tokens. */
  boolean repeatable() {
    return repeatable;
  }

  /** Tokens that it may still produce. */
  int remaining() {
    return maxTokens - (length - promptLength);
  }

  /** Whether the prompt's tokens are still to be scored. */
  boolean scoresPrompt() {
    return scorePrompt && !promptReported;
  }

  /** Positions whose keys and values are in the batch. */
  int filled() {
    return filled;
  }

  /** Whether there are tokens to be fed before the next can be chosen. */
  boolean prefilling() {
    return filled < fed;
  }

  /** Tokens that are still to be fed before the next can be chosen. */
  int unfed() {
    return fed - filled;
  }

  /**
   * Leading positions that were computed as a prompt is, so that a row that computes them itself
   * has the same bits.
   */
  int shareable() {
    return Math.min(filled, fed);
  }

  /**
   * Leading positions that may be taken from elsewhere: two tokens are always fed, for a single one
   * would be computed by other routines.
   */
  int takeable() {
    return scoresPrompt() ? 0 : Math.max(0, fed - 2);
  }

  /** Leading tokens that two rows have in common. */
  int commonPrefix(Row other) {
    int common = Arrays.mismatch(tokens, 0, length, other.tokens, 0, other.length);
    return common < 0 ? length : common;
  }

  /** The token that the next step appends. */
  int next() {
    return tokens[length - 1];
  }

  boolean full() {
    return remaining() <= 0;
  }

  /** Whether anything of it was ever computed. */
  boolean started() {
    return started;
  }

  /** When it was submitted, on the clock of {@link System#nanoTime}. */
  long queuedAt() {
    return queuedAt;
  }

  /**
   * It has a place in the batch.
   *
   * @param taken leading positions that were there already
   */
  void admitted(int taken, long now) {
    filled = taken;
    if (!started) {
      started = true;
      startedAt = now;
      prefilledAt = now;
      cached = taken;
    }
  }

  /** It has lost its place; all its tokens are to be fed again. */
  void preempted() {
    filled = 0;
    fed = length;
  }

  void filled(int count, long now) {
    boolean prompt = length == promptLength && prefilling();
    filled += count;
    if (prompt) {
      prefilledAt = now;
    }
  }

  void charge(long nanos) {
    cpuNanos += nanos;
  }

  /**
   * @param logits of the position before prompt token {@code index}
   */
  void score(int index, float[] logits) {
    // What was scored before the row lost its place stays.
    if (index == scored.size() + 1) {
      scored.add(sampler.report(logits, tokens[index]));
    }
  }

  void reportPrompt() {
    if (scoresPrompt()) {
      promptReported = true;
      listener.onPrompt(List.copyOf(scored));
    }
  }

  /** Chooses the next token; it is not yet told to the listener. */
  Token choose(float[] logits) {
    return sampler.next(logits);
  }

  void tell(Token token) {
    if (length == tokens.length) {
      tokens = Arrays.copyOf(tokens, Math.min(length * 2, promptLength + maxTokens));
    }
    tokens[length++] = token.id();
    listener.onToken(token);
  }

  void end(FinishReason reason, long now) {
    listener.onEnd(
        reason,
        new Timings(
            (startedAt - queuedAt) / 1000,
            (prefilledAt - startedAt) / 1000,
            (now - prefilledAt) / 1000,
            cpuNanos / 1000,
            cached));
  }

  void fail(Throwable cause) {
    listener.onFailure(cause);
  }
}
