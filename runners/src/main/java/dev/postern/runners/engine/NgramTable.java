package dev.postern.runners.engine;

/**
 * Which token followed last after each few tokens, and how surely. Of fixed size: contexts that
 * fall on the same place push each other out, the surer one staying longer.
 */
final class NgramTable {
  private static final int SUREST = 8;

  private final int[] contexts;
  private final int[] followers;
  private final byte[] sureness;

  /**
   * @param places a power of two
   */
  NgramTable(int places) {
    contexts = new int[places];
    followers = new int[places];
    sureness = new byte[places];
  }

  /** Notes that {@code tokens[at]} came after the {@code order} tokens before it. */
  void learn(int[] tokens, int at, int order) {
    int context = hash(tokens, at, order);
    int place = place(context);
    int follower = tokens[at];
    if (sureness[place] == 0) {
      set(place, context, follower);
    } else if (contexts[place] == context && followers[place] == follower) {
      sureness[place] = (byte) Math.min(SUREST, sureness[place] + 1);
    } else if (--sureness[place] == 0) {
      set(place, context, follower);
    }
  }

  private void set(int place, int context, int follower) {
    contexts[place] = context;
    followers[place] = follower;
    sureness[place] = 1;
  }

  /** How surely something follows {@code tokens} before {@code at}; 0 when nothing is known. */
  int sureness(int[] tokens, int at, int order) {
    if (at < order) {
      return 0;
    }
    int context = hash(tokens, at, order);
    int place = place(context);
    return contexts[place] == context ? sureness[place] : 0;
  }

  /** What follows, where {@link #sureness} is not 0. */
  int follower(int[] tokens, int at, int order) {
    return followers[place(hash(tokens, at, order))];
  }

  private int place(int context) {
    return (context ^ context >>> 16) & contexts.length - 1;
  }

  private static int hash(int[] tokens, int at, int order) {
    int hash = order;
    for (int i = at - order; i < at; i++) {
      hash = (hash ^ tokens[i]) * 0x9E3779B1;
      hash ^= hash >>> 15;
    }
    return hash;
  }
}
