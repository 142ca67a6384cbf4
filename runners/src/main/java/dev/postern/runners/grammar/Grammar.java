package dev.postern.runners.grammar;

import java.util.ArrayList;
import java.util.List;

/** What an answer may be: the rules of JSON text and those that were added to them. */
final class Grammar {
  /** About a second of work and some tens of megabytes at the most. */
  private static final long BUDGET = 4_000_000;

  private final List<Expression> rules = new ArrayList<>();

  Grammar() {
    rules.add(Expression.EMPTY);
    rules.add(JsonText.character());
    rules.add(JsonText.value());
    rules.add(JsonText.map(Expression.call(JsonText.VALUE), 0, Expression.UNBOUNDED));
  }

  /** Makes a rule whose expression comes later. */
  int reserve() {
    rules.add(Expression.EMPTY);
    return rules.size() - 1;
  }

  void define(int rule, Expression expression) {
    rules.set(rule, expression);
  }

  Expression rule(int rule) {
    return rules.get(rule);
  }

  int rules() {
    return rules.size();
  }

  /** What the whole answer is. */
  Grammar root(Expression expression) {
    define(0, expression);
    return this;
  }

  Automaton automaton() {
    return Automaton.compile(
        new Automaton.Source(rules, JsonText.CHARACTERS, '"'), new Budget(BUDGET));
  }
}
