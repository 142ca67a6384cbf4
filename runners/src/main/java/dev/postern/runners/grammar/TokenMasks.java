package dev.postern.runners.grammar;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Which tokens of a vocabulary a grammar allows where. What a state of the automaton allows
 * whatever called its rule is worked out once and kept; only the tokens that reach over the end of
 * the rule are looked at each time, and those are few (as in XGrammar, Dong et al. 2024).
 */
final class TokenMasks {
  private static final long MOST_KEPT_BYTES = 8L << 20;

  /** Rounds enough that no token can use them up. */
  private static final int PLENTY = 1 << 28;

  /** A frame that stands for any caller. */
  private static final Frame ANYWHERE = new Frame(-1, 0, 0, null);

  private final Automaton automaton;
  private final TokenTrie trie;
  private final Map<Key, StateMask> kept = new ConcurrentHashMap<>();
  private final AtomicLong keptBytes = new AtomicLong();

  /**
   * @param most rounds of a counted rule that are left, where they matter
   */
  private record Key(int state, int most) {}

  /**
   * @param within the tokens that stay in the rule, or end with it going on, where they are few
   * @param many the same as bits, where they are many; else empty
   * @param exits nodes of the trie behind which the rule has ended
   * @param rounds of a counted rule that are made until each exit
   */
  private record StateMask(int[] within, long[] many, int[] exits, int[] rounds) {
    long bytes() {
      return 64 + 8L * many.length + 4L * (within.length + exits.length + rounds.length);
    }
  }

  TokenMasks(Automaton automaton, TokenTrie trie) {
    this.automaton = automaton;
    this.trie = trie;
  }

  /**
   * Works out ahead what takes longest, the inside of a string: whoever compiles a grammar waits
   * for it, and not the engine with all its rows.
   */
  void prepare() {
    int inside = automaton.start(JsonText.CHARACTERS);
    mask(new Frame(inside, 0, Expression.UNBOUNDED, null));
    mask(new Frame(inside, 1, Expression.UNBOUNDED, null));
    allow(Position.start(automaton), new long[trie.words()]);
  }

  Automaton automaton() {
    return automaton;
  }

  TokenTrie trie() {
    return trie;
  }

  /** Sets the bits of all tokens that may come at a position, but for those that end the answer. */
  void allow(Position position, long[] bits) {
    for (Frame frame : position.frames()) {
      allow(frame, bits);
    }
  }

  private void allow(Frame frame, long[] bits) {
    StateMask mask = mask(frame);
    for (int word = 0; word < mask.many().length; word++) {
      bits[word] |= mask.many()[word];
    }
    for (int token : mask.within()) {
      bits[token >>> 6] |= 1L << token;
    }
    Frame below = frame.below;
    Position behind = null;
    for (int i = 0; i < mask.exits().length; i++) {
      if (mask.rounds()[i] < frame.least) {
        continue;
      }
      int node = mask.exits()[i];
      setTokens(node, bits);
      if (below != null && trie.skip(node) > node + 1) {
        if (behind == null) {
          behind = Position.at(automaton, below);
        }
        walk(node, behind, bits);
      }
    }
  }

  private void setTokens(int node, long[] bits) {
    for (int i = trie.tokensBegin(node); i < trie.tokensBegin(node + 1); i++) {
      bits[trie.token(i) >>> 6] |= 1L << trie.token(i);
    }
  }

  /** Sets the tokens that begin with a node's bytes and go on as the position allows. */
  private void walk(int root, Position from, long[] bits) {
    int base = trie.depth(root);
    Position[] path = new Position[trie.longest() - base + 1];
    path[0] = from;
    int end = trie.skip(root);
    for (int node = root + 1; node < end; ) {
      int depth = trie.depth(node) - base;
      Position next = path[depth - 1].after(automaton, trie.label(node));
      if (next.dead()) {
        node = trie.skip(node);
      } else {
        path[depth] = next;
        setTokens(node, bits);
        node++;
      }
    }
  }

  private StateMask mask(Frame frame) {
    boolean counting = frame.least > 0 || frame.most != Expression.UNBOUNDED;
    int most =
        counting ? (frame.most >= trie.longest() ? PLENTY : frame.most) : Expression.UNBOUNDED;
    var key = new Key(frame.state, most);
    StateMask known = kept.get(key);
    if (known != null) {
      return known;
    }
    StateMask mask = compute(key);
    if (keptBytes.addAndGet(mask.bytes()) <= MOST_KEPT_BYTES) {
      kept.put(key, mask);
    } else {
      keptBytes.addAndGet(-mask.bytes());
    }
    return mask;
  }

  private StateMask compute(Key key) {
    long[] within = new long[trie.words()];
    int count = 0;
    List<int[]> exits = new ArrayList<>();
    Position[] path = new Position[trie.longest() + 1];
    path[0] = new Position(List.of(new Frame(key.state(), 0, key.most(), ANYWHERE)), false);
    for (int node = 0; node < trie.nodes(); ) {
      int depth = trie.depth(node);
      Position next = step(path[depth - 1], node, key.most(), exits);
      if (next.frames().isEmpty()) {
        node = trie.skip(node);
        continue;
      }
      path[depth] = next;
      setTokens(node, within);
      count += trie.tokensBegin(node + 1) - trie.tokensBegin(node);
      node++;
    }
    boolean many = count > within.length;
    return new StateMask(
        many ? new int[0] : BitSet.valueOf(within).stream().toArray(),
        many ? within : new long[0],
        exits.stream().mapToInt(exit -> exit[0]).toArray(),
        exits.stream().mapToInt(exit -> exit[1]).toArray());
  }

  private Position step(Position from, int node, int most, List<int[]> exits) {
    int value = trie.label(node);
    if (from.frames().size() == 1) {
      Position easy = from.plainStep(automaton, from.frames().getFirst(), value);
      if (easy != null) {
        return easy;
      }
    }
    var builder = new Position.Builder(automaton, ANYWHERE);
    from.frames().forEach(frame -> builder.step(frame, value));
    Position next = builder.position();
    if (next.complete()) {
      exits.add(new int[] {node, most - builder.roundsLeft()});
    }
    return next;
  }
}
