package dev.postern.runners.grammar;

/** What compiling one grammar may cost, whatever its author had in mind. */
final class Budget {
  private long left;

  Budget(long units) {
    left = units;
  }

  /**
   * @throws GrammarTooLargeException when it is used up
   */
  void spend(long units) {
    left -= units;
    if (left < 0) {
      throw new GrammarTooLargeException();
    }
  }
}
