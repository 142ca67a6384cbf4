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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** One rule's states with every way between them (Thompson's construction). */
final class Nfa {
  record ByteEdge(int low, int high, int target) {}

  record CallEdge(Call call, int target) {}

  static final class State {
    final List<ByteEdge> bytes = new ArrayList<>(1);
    final List<CallEdge> calls = new ArrayList<>(0);
    final List<Integer> silent = new ArrayList<>(1);
    private int visited;
  }

  private final List<State> states = new ArrayList<>();
  private final Budget budget;
  private final int start;
  private final int end;
  private int round;

  Nfa(Expression expression, Budget budget) {
    this.budget = budget;
    this.start = add();
    this.end = append(start, expression);
  }

  int start() {
    return start;
  }

  int end() {
    return end;
  }

  State state(int id) {
    return states.get(id);
  }

  /** The states reached from these without a byte, ascending. */
  int[] closure(int[] from) {
    if (from.length == 1 && states.get(from[0]).silent.isEmpty()) {
      return from;
    }
    round++;
    List<Integer> found = new ArrayList<>();
    for (int state : from) {
      visit(state, found);
    }
    for (int i = 0; i < found.size(); i++) {
      states.get(found.get(i)).silent.forEach(next -> visit(next, found));
    }
    return found.stream().mapToInt(Integer::intValue).sorted().toArray();
  }

  private void visit(int state, List<Integer> found) {
    if (states.get(state).visited != round) {
      states.get(state).visited = round;
      found.add(state);
    }
  }

  private int add() {
    budget.spend(1);
    states.add(new State());
    return states.size() - 1;
  }

  private void silent(int from, int to) {
    states.get(from).silent.add(to);
  }

  /** Adds the expression behind a state; returns the state behind it. */
  private int append(int from, Expression expression) {
    return switch (expression) {
      case Range(int low, int high) -> {
        int to = add();
        states.get(from).bytes.add(new ByteEdge(low, high, to));
        yield to;
      }
      case Call call -> {
        int to = add();
        states.get(from).calls.add(new CallEdge(call, to));
        yield to;
      }
      case Sequence(var parts) -> {
        int at = from;
        for (Expression part : parts) {
          at = append(at, part);
        }
        yield at;
      }
      case Choice(var options) -> {
        int to = add();
        for (Expression option : options) {
          silent(append(from, option), to);
        }
        yield to;
      }
      case Repeat(var body, int least, int most) -> repeat(from, body, least, most);
      case Members(var members, var separator) -> members(from, members, separator);
      case Until(var marker) -> search(from, marker).getLast();
      case Without(var marker) -> {
        List<Integer> found = search(from, marker);
        int to = add();
        found.subList(0, found.size() - 1).forEach(state -> silent(state, to));
        yield to;
      }
    };
  }

  private int repeat(int from, Expression body, int least, int most) {
    int at = from;
    for (int i = 0; i < least; i++) {
      at = append(at, body);
    }
    if (most == Expression.UNBOUNDED) {
      // The loop has states of its own, so that nothing from before can come back into it.
      int loop = add();
      silent(at, loop);
      silent(append(loop, body), loop);
      int to = add();
      silent(loop, to);
      return to;
    }
    int to = add();
    silent(at, to);
    for (int i = least; i < most; i++) {
      at = append(at, body);
      silent(at, to);
    }
    return to;
  }

  /** Two lanes, before and after the first member that is there, which share the members. */
  private int members(int from, List<Member> members, Expression separator) {
    int none = add();
    silent(from, none);
    int some = add();
    for (Member member : members) {
      int here = add();
      silent(none, here);
      silent(append(some, separator), here);
      int nextNone = add();
      int nextSome = add();
      silent(append(here, member.expression()), nextSome);
      if (!member.required()) {
        silent(none, nextNone);
        silent(some, nextSome);
      }
      none = nextNone;
      some = nextSome;
    }
    silent(none, some);
    return some;
  }

  /**
   * States that know how much of a marker the last bytes are (Knuth, Morris and Pratt); the last
   * one has seen it all and leads nowhere.
   */
  private List<Integer> search(int from, String marker) {
    byte[] bytes = marker.getBytes(StandardCharsets.UTF_8);
    List<Integer> seen = new ArrayList<>();
    for (int i = 0; i <= bytes.length; i++) {
      seen.add(add());
    }
    silent(from, seen.getFirst());
    for (int matched = 0; matched < bytes.length; matched++) {
      State state = states.get(seen.get(matched));
      for (int next = 0; next < 256; next++) {
        state.bytes.add(new ByteEdge(next, next, seen.get(matched(bytes, matched, (byte) next))));
      }
    }
    return seen;
  }

  private static int matched(byte[] marker, int matched, byte next) {
    for (int length = matched + 1; length > 0; length--) {
      if (marker[length - 1] == next && isBorder(marker, matched, length - 1)) {
        return length;
      }
    }
    return 0;
  }

  /** Whether the first {@code length} bytes are also the last ones of the first {@code of}. */
  private static boolean isBorder(byte[] marker, int of, int length) {
    for (int i = 0; i < length; i++) {
      if (marker[i] != marker[of - length + i]) {
        return false;
      }
    }
    return true;
  }
}
