package dev.postern.runners.engine;

/**
 * What a generation may say next, such as the tokens that keep its text within a grammar. One
 * object a generation, used by the engine's thread alone.
 */
public interface TokenConstraint {
  /**
   * The tokens allowed next, one bit an id, lowest first; those that end an answer among them only
   * where it may end. The array stays the constraint's and is good until {@link #accept}.
   */
  long[] allowed();

  /** Tells the token that was chosen. */
  void accept(int token);
}
