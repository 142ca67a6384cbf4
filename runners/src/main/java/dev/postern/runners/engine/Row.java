package dev.postern.runners.engine;

import dev.postern.runners.engine.Generator.FinishReason;
import dev.postern.runners.engine.Generator.Generation;
import dev.postern.runners.engine.Generator.Listener;
import dev.postern.runners.engine.Generator.Request;
import dev.postern.runners.engine.Generator.Timings;
import dev.postern.runners.engine.Generator.Token;
import java.util.ArrayList;
import java.util.List;

/** One generation on its way from the queue through the batch. The engine's thread owns it. */
final class Row implements Generation {
  private final int[] prompt;
  private final boolean scorePrompt;
  private final int maxTokens;
  private final Sampler sampler;
  private final Listener listener;
  private final Runnable wake;
  private final long queuedAt;
  private final List<Token> scored = new ArrayList<>();
  private volatile boolean cancelled;
  private int prefilled;
  private int produced;
  private int next;
  private long startedAt;
  private long prefilledAt;
  private long cpuNanos;

  /**
   * @param maxTokens already cut to what the context has room for
   * @param wake called once cancelled
   */
  Row(Request request, int maxTokens, Listener listener, Runnable wake, long now) {
    this.prompt = request.prompt().clone();
    this.scorePrompt = request.scorePrompt();
    this.maxTokens = maxTokens;
    this.sampler = new Sampler(request);
    this.listener = listener;
    this.wake = wake;
    this.queuedAt = now;
    this.startedAt = now;
    this.prefilledAt = now;
  }

  @Override
  public void cancel() {
    cancelled = true;
    wake.run();
  }

  boolean cancelled() {
    return cancelled;
  }

  int[] prompt() {
    return prompt;
  }

  boolean scoresPrompt() {
    return scorePrompt;
  }

  /** Positions this row may come to hold. */
  int reserved() {
    return prompt.length + maxTokens;
  }

  int prefilled() {
    return prefilled;
  }

  boolean prefilling() {
    return prefilled < prompt.length;
  }

  /** The token that the next step appends. */
  int next() {
    return next;
  }

  boolean full() {
    return produced >= maxTokens;
  }

  void started(long now) {
    startedAt = now;
    prefilledAt = now;
  }

  void prefilled(int count, long now) {
    prefilled += count;
    prefilledAt = now;
  }

  void charge(long nanos) {
    cpuNanos += nanos;
  }

  /**
   * @param logits of the position before prompt token {@code index}
   */
  void score(int index, float[] logits) {
    scored.add(sampler.report(logits, prompt[index]));
  }

  void reportPrompt() {
    if (scorePrompt) {
      listener.onPrompt(List.copyOf(scored));
    }
  }

  /** Chooses the next token; it is not yet told to the listener. */
  Token choose(float[] logits) {
    Token token = sampler.next(logits);
    next = token.id();
    return token;
  }

  void tell(Token token) {
    produced++;
    listener.onToken(token);
  }

  void end(FinishReason reason, long now) {
    listener.onEnd(
        reason,
        new Timings(
            (startedAt - queuedAt) / 1000,
            (prefilledAt - startedAt) / 1000,
            (now - prefilledAt) / 1000,
            cpuNanos / 1000));
  }

  void fail(Throwable cause) {
    listener.onFailure(cause);
  }
}
