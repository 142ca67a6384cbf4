package dev.postern.runners.grammar;

import dev.postern.runners.engine.TokenConstraint;
import java.util.Arrays;

/** Holds one answer to a grammar. */
public final class GrammarConstraint implements TokenConstraint {
  private final TokenMasks masks;
  private final long[] bits;
  private Position position;
  private boolean current;

  GrammarConstraint(TokenMasks masks) {
    this.masks = masks;
    this.bits = new long[masks.trie().words()];
    this.position = Position.start(masks.automaton());
  }

  /** Never empty: where the vocabulary has no token to go on with, the answer may end as it is. */
  @Override
  public long[] allowed() {
    if (!current) {
      Arrays.fill(bits, 0);
      masks.allow(position, bits);
      if (position.complete() || isEmpty()) {
        for (int end : masks.trie().ends()) {
          bits[end >>> 6] |= 1L << end;
        }
      }
      current = true;
    }
    return bits;
  }

  private boolean isEmpty() {
    for (long word : bits) {
      if (word != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public void accept(int token) {
    Position next = position.after(masks.automaton(), masks.trie().bytes(token));
    current = current && next.equals(position);
    position = next;
  }
}
