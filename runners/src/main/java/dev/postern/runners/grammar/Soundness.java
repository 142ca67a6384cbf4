package dev.postern.runners.grammar;

import dev.postern.runners.grammar.Expression.Call;
import dev.postern.runners.grammar.Expression.Choice;
import dev.postern.runners.grammar.Expression.Member;
import dev.postern.runners.grammar.Expression.Members;
import dev.postern.runners.grammar.Expression.Range;
import dev.postern.runners.grammar.Expression.Repeat;
import dev.postern.runners.grammar.Expression.Sequence;
import dev.postern.runners.grammar.Expression.Until;
import dev.postern.runners.grammar.Expression.Without;
import java.util.BitSet;
import java.util.OptionalInt;

/** Finds rules that no text can satisfy, or that come back to themselves without a byte between. */
final class Soundness {
  private final Grammar grammar;
  private final BitSet nullable = new BitSet();
  private final BitSet finite = new BitSet();

  Soundness(Grammar grammar) {
    this.grammar = grammar;
    boolean grows = true;
    while (grows) {
      int before = nullable.cardinality() + finite.cardinality();
      for (int rule = 0; rule < grammar.rules(); rule++) {
        nullable.set(rule, nullable(grammar.rule(rule)));
        finite.set(rule, finite(grammar.rule(rule)));
      }
      grows = nullable.cardinality() + finite.cardinality() > before;
    }
  }

  /** A rule that never comes to an end. */
  OptionalInt endless() {
    int rule = finite.nextClearBit(0);
    return rule < grammar.rules() ? OptionalInt.of(rule) : OptionalInt.empty();
  }

  /** A rule that may begin with itself. */
  OptionalInt circular() {
    for (int rule = 0; rule < grammar.rules(); rule++) {
      BitSet seen = new BitSet();
      addFirst(grammar.rule(rule), seen);
      for (int size = 0; size < seen.cardinality(); ) {
        size = seen.cardinality();
        for (int next : seen.stream().toArray()) {
          addFirst(grammar.rule(next), seen);
        }
      }
      if (seen.get(rule)) {
        return OptionalInt.of(rule);
      }
    }
    return OptionalInt.empty();
  }

  private boolean nullable(Expression expression) {
    return switch (expression) {
      case Range _, Until _ -> false;
      case Without _ -> true;
      case Call(int rule, _, _) -> nullable.get(rule);
      case Sequence(var parts) -> parts.stream().allMatch(this::nullable);
      case Choice(var options) -> options.stream().anyMatch(this::nullable);
      case Repeat(var body, int least, _) -> least == 0 || nullable(body);
      case Members(var members, _) -> members.stream().noneMatch(Member::required);
    };
  }

  private boolean finite(Expression expression) {
    return switch (expression) {
      case Range _, Until _, Without _ -> true;
      case Call(int rule, _, _) -> finite.get(rule);
      case Sequence(var parts) -> parts.stream().allMatch(this::finite);
      case Choice(var options) -> options.stream().anyMatch(this::finite);
      case Repeat(var body, int least, _) -> least == 0 || finite(body);
      case Members(var members, _) ->
          members.stream().filter(Member::required).allMatch(m -> finite(m.expression()));
    };
  }

  /** Adds the rules that an expression may call before its first byte. */
  private void addFirst(Expression expression, BitSet rules) {
    switch (expression) {
      case Range _, Until _, Without _ -> {}
      case Call(int rule, _, _) -> rules.set(rule);
      case Sequence(var parts) -> {
        for (Expression part : parts) {
          addFirst(part, rules);
          if (!nullable(part)) {
            break;
          }
        }
      }
      case Choice(var options) -> options.forEach(option -> addFirst(option, rules));
      case Repeat(var body, _, _) -> addFirst(body, rules);
      case Members(var members, _) ->
          members.forEach(member -> addFirst(member.expression(), rules));
    }
  }
}
