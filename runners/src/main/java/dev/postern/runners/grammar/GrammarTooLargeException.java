package dev.postern.runners.grammar;

/** A grammar takes more states or work than one may. */
final class GrammarTooLargeException extends RuntimeException {
  GrammarTooLargeException() {
    super("the grammar is too large", null, false, false);
  }
}
