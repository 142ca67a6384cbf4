package dev.postern.runners.engine;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which computed prefixes are set aside, and in which blocks. Prefixes form a tree with one block
 * of tokens an edge, a tree for each {@link Partition}, so that tenants never meet. What was used
 * longest ago goes first. It only keeps the books: the blocks' contents are the decoder's.
 */
final class PrefixCache {
  private final int blockTokens;
  private final Map<Partition, Node> roots = new HashMap<>();

  /** Oldest first. A path is always touched from its end, so that the eldest is never a parent. */
  private final LinkedHashSet<Node> byAge = new LinkedHashSet<>();

  /**
   * Within which prefixes are shared.
   *
   * @param adapter digest of the adapter that computed them; null for the model as it is
   */
  record Partition(String tenant, @Nullable String adapter) {}

  /** Tokens by value. */
  private static final class Edge {
    private final int[] tokens;

    Edge(int[] tokens) {
      this.tokens = tokens;
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Edge edge && Arrays.equals(tokens, edge.tokens);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(tokens);
    }
  }

  /** A prefix: all edges from its root. A root has no parent, and no block. */
  private static final class Node {
    final Partition partition;
    final @Nullable Node parent;
    final Edge edge;
    final int block;
    final Map<Edge, Node> children = new HashMap<>();

    Node(Partition partition, @Nullable Node parent, Edge edge, int block) {
      this.partition = partition;
      this.parent = parent;
      this.edge = edge;
      this.block = block;
    }
  }

  PrefixCache(int blockTokens) {
    this.blockTokens = blockTokens;
  }

  /** Blocks in use. */
  int size() {
    return byAge.size();
  }

  /**
   * The blocks of the longest prefix that is here, in order. They are now the youngest.
   *
   * @param limit most tokens of it
   */
  List<Integer> find(Partition partition, int[] tokens, int limit) {
    List<Integer> blocks = new ArrayList<>();
    Node node = roots.get(partition);
    Node last = node;
    for (int at = 0; node != null && at + blockTokens <= limit; at += blockTokens) {
      node = node.children.get(edge(tokens, at));
      if (node != null) {
        blocks.add(node.block);
        last = node;
      }
    }
    if (last != null) {
      touch(last);
    }
    return blocks;
  }

  /**
   * Sees to it that a prefix is here, as far as there is room.
   *
   * @param length tokens of it; what is beyond the last whole block is left out
   */
  void keep(Partition partition, int[] tokens, int length, Shelf shelf) {
    if (length < blockTokens) {
      return;
    }
    find(partition, tokens, length);
    Node node =
        roots.computeIfAbsent(partition, _ -> new Node(partition, null, new Edge(new int[0]), -1));
    for (int at = 0; at + blockTokens <= length; at += blockTokens) {
      Edge edge = edge(tokens, at);
      Node next = node.children.get(edge);
      if (next == null) {
        // The path is the youngest: what is eldest is not on it, if there is anything else.
        int block = shelf.save(at, byAge.size() > at / blockTokens);
        if (block < 0) {
          break;
        }
        next = new Node(partition, node, edge, block);
        node.children.put(edge, next);
        byAge.add(next);
      }
      node = next;
    }
    touch(node);
    prune(node);
  }

  /** Where contents are put. */
  interface Shelf {
    /**
     * Puts the positions from {@code from} on into a free block.
     *
     * @param mayRemove whether {@link #removeEldest} may be called to free one
     * @return the block; -1 when there is no room
     */
    int save(int from, boolean mayRemove);
  }

  /** Forgets what was used longest ago, and tells its block; -1 when there is nothing. */
  int removeEldest() {
    if (byAge.isEmpty()) {
      return -1;
    }
    Node eldest = byAge.removeFirst();
    Node parent = eldest.parent;
    if (parent != null) {
      parent.children.remove(eldest.edge);
      prune(parent);
    }
    return eldest.block;
  }

  /** Forgets a partition that has nothing left. */
  private void prune(Node node) {
    if (node.parent == null && node.children.isEmpty()) {
      roots.remove(node.partition, node);
    }
  }

  private Edge edge(int[] tokens, int at) {
    return new Edge(Arrays.copyOfRange(tokens, at, at + blockTokens));
  }

  private void touch(Node last) {
    for (Node node = last; node != null && node.parent != null; node = node.parent) {
      byAge.remove(node);
      byAge.add(node);
    }
  }
}
