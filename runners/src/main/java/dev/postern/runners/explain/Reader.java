package dev.postern.runners.explain;

import ai.onnxruntime.OrtException;
import dev.postern.runners.engine.Logits;
import dev.postern.runners.scoring.ScoringSession;
import dev.postern.runners.scoring.ScoringSession.State;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** Reads tokens in steps, counts them, and stops between two steps when nobody waits any more. */
final class Reader {
  /** Receives a step's last tokens while their logits are there. */
  interface Visitor {
    /**
     * @param at place of the token among those read in this call
     * @param logits what the model expects after it; good until the visitor returns
     * @param step the state after the step that read it
     * @param inStep its place in that step
     */
    void after(int at, float[] logits, State step, int inStep) throws OrtException;
  }

  private final ScoringSession session;
  private final BooleanSupplier cancelled;
  private final float[] logits;
  private int read;

  Reader(ScoringSession session, BooleanSupplier cancelled) {
    this.session = session;
    this.cancelled = cancelled;
    this.logits = new float[session.vocabulary()];
  }

  /** Tokens read so far. */
  int read() {
    return read;
  }

  /**
   * Reads tokens after a state, which stays open.
   *
   * @param visited how many of the last ones are visited
   * @param values outputs that the visitor wants of the step
   */
  State on(State past, int[] tokens, int visited, Set<String> values, Visitor visitor)
      throws OrtException {
    State state = past;
    int from = 0;
    while (from < tokens.length) {
      if (cancelled.getAsBoolean()) {
        close(state, past);
        throw new CancellationException("nobody waits for the explanation");
      }
      int unvisited = Math.max(0, tokens.length - visited - from);
      int count = Math.min(session.maxStep(), unvisited > 0 ? unvisited : tokens.length - from);
      int kept = unvisited > 0 ? 1 : count;
      State next;
      try {
        next = session.extend(state, tokens, from, count, kept, unvisited > 0 ? Set.of() : values);
      } finally {
        close(state, past);
      }
      state = next;
      read += count;
      if (unvisited == 0) {
        visit(state, past, from, count, visitor);
      }
      from += count;
    }
    return state;
  }

  private void visit(State state, State past, int from, int count, Visitor visitor)
      throws OrtException {
    try {
      for (int i = 0; i < count; i++) {
        session.logits(i, logits);
        visitor.after(from + i, logits, state, i);
      }
    } catch (OrtException | RuntimeException failure) {
      close(state, past);
      throw failure;
    }
  }

  private static void close(State state, State past) {
    if (state != past) {
      state.close();
    }
  }

  State empty() {
    return session.empty();
  }

  /**
   * The log probability of tokens after a state.
   *
   * @param before tokens between the state and them, at least one
   */
  double logprob(State past, int[] before, int[] tokens) throws OrtException {
    int[] all = new int[before.length + tokens.length - 1];
    System.arraycopy(before, 0, all, 0, before.length);
    System.arraycopy(tokens, 0, all, before.length, tokens.length - 1);
    double[] sum = {0};
    State end =
        on(
            past,
            all,
            tokens.length,
            Set.of(),
            (at, values, step, inStep) ->
                sum[0] += logprob(values, tokens[at - before.length + 1]));
    end.close();
    return sum[0];
  }

  static double logprob(float[] logits, int id) {
    return logits[id] - Logits.logSumExp(logits);
  }
}
