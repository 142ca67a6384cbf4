package dev.postern.runners.grammar;

import dev.postern.runners.grammar.Expression.Call;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A grammar ready to be walked byte by byte: for each rule a deterministic automaton whose states
 * may also call other rules, which makes all of them one pushdown automaton. Immutable.
 *
 * <p>One rule may be counted: its first state is where a round ends and the next begins, so that
 * lengths need no states of their own. See {@link Frame}.
 */
final class Automaton {
  /**
   * @param rules the first one is the whole
   * @param counted the rule that is a round to be repeated, then {@code end}; -1 for none
   * @param end the byte that ends the rounds of the counted rule
   */
  record Source(List<Expression> rules, int counted, int end) {}

  private final List<Integer> edgeBegins = new ArrayList<>();
  private int[] lows = new int[64];
  private int[] highs = new int[64];
  private int[] targets = new int[64];
  private int edges;
  private final List<List<CalledRule>> calls = new ArrayList<>();
  private final BitSet finals = new BitSet();
  private final int[] starts;
  private final int countedStart;
  private final int countedEnd;

  /**
   * @param target the state after it
   */
  record CalledRule(int rule, int least, int most, int target) {}

  static Automaton compile(Source source, Budget budget) {
    return new Automaton(source, budget);
  }

  private Automaton(Source source, Budget budget) {
    starts = new int[source.rules().size()];
    countedEnd = source.end();
    int rounds = -1;
    for (int rule = 0; rule < starts.length; rule++) {
      starts[rule] = calls.size();
      if (rule == source.counted()) {
        rounds = starts[rule];
      }
      determinize(new Nfa(source.rules().get(rule), budget), rule == source.counted(), budget);
    }
    countedStart = rounds;
    edgeBegins.add(edges);
  }

  /** The subset construction, over bytes and calls alike. */
  private void determinize(Nfa nfa, boolean counted, Budget budget) {
    int base = calls.size();
    Map<Subset, Integer> numbers = new HashMap<>();
    ArrayDeque<Subset> waiting = new ArrayDeque<>();
    Subset first = Subset.closure(nfa, new int[] {nfa.start()}, budget);
    numbers.put(first, base);
    waiting.add(first);
    while (!waiting.isEmpty()) {
      Subset subset = waiting.remove();
      int state = calls.size();
      calls.add(List.of());
      edgeBegins.add(edges);
      if (subset.contains(nfa.end())) {
        finals.set(state);
      }
      var byteTargets = subset.byteTargets(nfa, budget);
      for (var edge : byteTargets) {
        int target = number(nfa, edge.targets(), numbers, waiting, base, counted, budget);
        addEdge(edge.low(), edge.high(), target);
      }
      if (counted && state == base) {
        // Behind the rounds: a final state of its own, made last.
        addEdge(countedEnd, countedEnd, -1);
      }
      List<CalledRule> called = new ArrayList<>();
      subset
          .callTargets(nfa)
          .forEach((call, after) ->
              called.add(
                  new CalledRule(
                      call.rule(),
                      call.least(),
                      call.most(),
                      number(nfa, after, numbers, waiting, base, counted, budget))));
      calls.set(state, List.copyOf(called));
    }
    if (counted) {
      finals.clear(base);
      int end = calls.size();
      calls.add(List.of());
      edgeBegins.add(edges);
      finals.set(end);
      for (int edge = edgeBegins.get(base); edge < edges; edge++) {
        targets[edge] = targets[edge] < 0 ? end : targets[edge];
      }
    }
  }

  private static int number(
      Nfa nfa,
      int[] targets,
      Map<Subset, Integer> numbers,
      ArrayDeque<Subset> waiting,
      int base,
      boolean counted,
      Budget budget) {
    Subset subset = Subset.closure(nfa, targets, budget);
    if (counted && subset.contains(nfa.end())) {
      return base;
    }
    Integer known = numbers.get(subset);
    if (known != null) {
      return known;
    }
    int number = base + numbers.size();
    numbers.put(subset, number);
    waiting.add(subset);
    return number;
  }

  private void addEdge(int low, int high, int target) {
    if (edges == lows.length) {
      lows = Arrays.copyOf(lows, 2 * edges);
      highs = Arrays.copyOf(highs, 2 * edges);
      targets = Arrays.copyOf(targets, 2 * edges);
    }
    lows[edges] = low;
    highs[edges] = high;
    targets[edges++] = target;
  }

  int start(int rule) {
    return starts[rule];
  }

  /** The state behind a byte, or -1. */
  int next(int state, int value) {
    int end = edgeBegins.get(state + 1);
    for (int edge = edgeBegins.get(state); edge < end; edge++) {
      if (value >= lows[edge] && value <= highs[edge]) {
        return targets[edge];
      }
    }
    return -1;
  }

  boolean hasBytes(int state) {
    return edgeBegins.get(state + 1) > edgeBegins.get(state);
  }

  List<CalledRule> calls(int state) {
    return calls.get(state);
  }

  boolean isFinal(int state) {
    return finals.get(state);
  }

  /** Whether a round of the counted rule ends in this state. */
  boolean endsRound(int state) {
    return state == countedStart;
  }

  /** The byte that ends the rounds of the counted rule. */
  int countedEnd() {
    return countedEnd;
  }

  int states() {
    return calls.size();
  }

  /** States of an {@link Nfa} that bytes cannot tell apart, ascending. */
  private record Subset(int[] states, int hash) {
    record Edge(int low, int high, int[] targets) {}

    static Subset closure(Nfa nfa, int[] from, Budget budget) {
      int[] states = nfa.closure(from);
      budget.spend(states.length);
      return new Subset(states, Arrays.hashCode(states));
    }

    boolean contains(int state) {
      return Arrays.binarySearch(states, state) >= 0;
    }

    List<Edge> byteTargets(Nfa nfa, Budget budget) {
      List<Nfa.ByteEdge> all = new ArrayList<>();
      for (int state : states) {
        all.addAll(nfa.state(state).bytes);
      }
      if (all.size() == 1) {
        var only = all.getFirst();
        return List.of(new Edge(only.low(), only.high(), new int[] {only.target()}));
      }
      BitSet borders = new BitSet(257);
      all.forEach(edge -> {
        borders.set(edge.low());
        borders.set(edge.high() + 1);
      });
      List<Edge> result = new ArrayList<>();
      for (int low = borders.nextSetBit(0); low >= 0; ) {
        int after = borders.nextSetBit(low + 1);
        if (after < 0) {
          break;
        }
        int at = low;
        int[] targets =
            all.stream()
                .filter(edge -> edge.low() <= at && at <= edge.high())
                .mapToInt(Nfa.ByteEdge::target)
                .sorted()
                .distinct()
                .toArray();
        budget.spend(all.size());
        if (targets.length > 0) {
          add(result, new Edge(low, after - 1, targets));
        }
        low = after;
      }
      return result;
    }

    private static void add(List<Edge> edges, Edge edge) {
      if (!edges.isEmpty()
          && edges.getLast().high() + 1 == edge.low()
          && Arrays.equals(edges.getLast().targets(), edge.targets())) {
        edges.add(new Edge(edges.removeLast().low(), edge.high(), edge.targets()));
      } else {
        edges.add(edge);
      }
    }

    Map<Call, int[]> callTargets(Nfa nfa) {
      Map<Call, BitSet> targets = new LinkedHashMap<>();
      for (int state : states) {
        for (var edge : nfa.state(state).calls) {
          targets.computeIfAbsent(edge.call(), _ -> new BitSet()).set(edge.target());
        }
      }
      Map<Call, int[]> result = new LinkedHashMap<>();
      targets.forEach((call, set) -> result.put(call, set.stream().toArray()));
      return result;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Subset subset && Arrays.equals(states, subset.states);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }
}
