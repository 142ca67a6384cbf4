package dev.postern.runners.grammar;

import org.jspecify.annotations.Nullable;

/**
 * Where a text may stand in an {@link Automaton}: a state of the rule at hand, and below it the
 * states that the calling rules go on in. Immutable, shared, and equal by content.
 */
final class Frame {
  final int state;

  /** Rounds that a counted rule has to make before it may end. */
  final int least;

  /** Rounds that a counted rule may still make. */
  final int most;

  final @Nullable Frame below;
  private final int hash;

  /**
   * @param below where the rule's caller goes on; null for the first rule
   */
  Frame(int state, int least, int most, @Nullable Frame below) {
    this.state = state;
    this.least = least;
    this.most = most;
    this.below = below;
    this.hash = ((state * 31 + least) * 31 + most) * 31 + (below == null ? 0 : below.hash);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (!(other instanceof Frame frame)) {
      return false;
    }
    // Nests may be deeper than the thread's stack, so this does not call itself.
    Frame one = this;
    Frame two = frame;
    while (one != two) {
      if (one == null
          || two == null
          || one.hash != two.hash
          || one.state != two.state
          || one.least != two.least
          || one.most != two.most) {
        return false;
      }
      one = one.below;
      two = two.below;
    }
    return true;
  }

  @Override
  public int hashCode() {
    return hash;
  }
}
