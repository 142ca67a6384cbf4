package dev.postern.runners.engine;

import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Guesses what a row says next, so that one call of the model may settle several tokens. A row's
 * own text is looked up, then what its tenant's rows said before. Each guess is the model's to
 * confirm: the row draws from its logits as ever, and goes on as long as it draws what was guessed,
 * which leaves the distribution, and the random numbers used, as they are without guesses.
 *
 * <p>A guess is only made where it is expected to pay: how often each kind of guess came true, and
 * what calls of each size take, is measured as rows go on, guessed or not.
 *
 * <p>Not thread-safe: the engine's thread owns it.
 */
final class Speculation {
  /** Most tokens guessed at once. */
  static final int MOST = 4;

  private static final int[] ORDERS = {4, 3, 2, 1};
  private static final int SURENESSES = 5;
  private static final int ROW_PLACES = 1 << 12;
  private static final int TENANT_PLACES = 1 << 14;
  private static final int TENANTS = 32;

  /** What a guess must gain over a plain step, for it is only an expectation. */
  private static final double MARGIN = 1.03;

  private static final double WEIGHT = 0.05;

  /** Of a call for 1, 2, … tokens against one for one, before any was measured. */
  private static final double[] COSTS = {1, 1.25, 1.45, 1.65, 1.8};

  private final Map<Row, Draft> drafts = new HashMap<>();
  private final Map<PrefixCache.Partition, NgramTable> tenants =
      new LinkedHashMap<>(16, 0.75f, true);

  /** Nanoseconds of a call for 1, 2, … tokens; 0 where none was measured. */
  private final double[] nanos = new double[MOST + 1];

  /** How often guesses came true: by whose text, order, sureness, and whether drawn greedily. */
  private final double[] trueShare = new double[2 * 2 * ORDERS.length * SURENESSES];

  private final int[] seen = new int[trueShare.length];

  /** A row's own text so far. */
  private static final class Draft {
    final NgramTable own = new NgramTable(ROW_PLACES);
    final NgramTable tenant;
    int learned;

    Draft(NgramTable tenant) {
      this.tenant = tenant;
    }

    NgramTable table(int whose) {
      return whose == 0 ? own : tenant;
    }
  }

  Speculation() {
    Arrays.fill(trueShare, 0.3);
  }

  /**
   * What to try after a row's last token, likely less than asked for or nothing.
   *
   * @param most tokens
   */
  int[] guess(Row row, int most) {
    Draft draft = catchUp(row);
    int limit = Math.min(most, MOST);
    int length = row.length();
    int[] tokens = Arrays.copyOf(row.tokens(), length + limit);
    double chance = 1;
    double expected = 1;
    double best = MARGIN;
    int count = 0;
    for (int i = 0; i < limit; i++) {
      int kind = likeliest(draft, tokens, length + i, row.greedy());
      if (kind < 0) {
        break;
      }
      tokens[length + i] =
          draft.table(whose(kind)).follower(tokens, length + i, ORDERS[order(kind)]);
      chance *= trueShare[kind];
      expected += chance;
      double gain = expected / cost(i + 2);
      if (gain > best) {
        best = gain;
        count = i + 1;
      }
    }
    return Arrays.copyOfRange(tokens, length, length + count);
  }

  /** The kind of guess that is likeliest to come true here; -1 when there is none. */
  private int likeliest(Draft draft, int[] tokens, int at, boolean greedy) {
    int likeliest = -1;
    for (int whose = 0; whose < 2; whose++) {
      for (int order = 0; order < ORDERS.length; order++) {
        int sureness = draft.table(whose).sureness(tokens, at, ORDERS[order]);
        if (sureness > 0) {
          int kind = kind(whose, order, sureness, greedy);
          if (likeliest < 0 || trueShare[kind] > trueShare[likeliest]) {
            likeliest = kind;
          }
        }
      }
    }
    return likeliest;
  }

  private static int kind(int whose, int order, int sureness, boolean greedy) {
    int bounded = Math.min(sureness, SURENESSES) - 1;
    return ((whose * ORDERS.length + order) * SURENESSES + bounded) * 2 + (greedy ? 1 : 0);
  }

  private static int whose(int kind) {
    return kind / 2 / SURENESSES / ORDERS.length;
  }

  private static int order(int kind) {
    return kind / 2 / SURENESSES % ORDERS.length;
  }

  private double cost(int tokens) {
    double one = nanos[0];
    double many = nanos[tokens - 1];
    return one > 0 && many > 0 ? many / one : COSTS[tokens - 1];
  }

  /** Tells what a call for so many tokens of one row took. */
  void called(int tokens, long took) {
    double before = nanos[tokens - 1];
    nanos[tokens - 1] = before == 0 ? took : before + WEIGHT * (took - before);
  }

  /** Reads what a row has said since it was looked at last. */
  private Draft catchUp(Row row) {
    Draft draft = drafts.computeIfAbsent(row, _ -> new Draft(tenant(row.partition())));
    int[] tokens = row.tokens();
    for (int at = draft.learned; at < row.length(); at++) {
      if (at >= row.promptLength()) {
        judge(draft, tokens, at, row.greedy());
      }
      learn(draft.own, tokens, at);
    }
    draft.learned = row.length();
    return draft;
  }

  /** What would have been guessed, against what was said. */
  private void judge(Draft draft, int[] tokens, int at, boolean greedy) {
    for (int whose = 0; whose < 2; whose++) {
      NgramTable table = draft.table(whose);
      for (int order = 0; order < ORDERS.length; order++) {
        int sureness = table.sureness(tokens, at, ORDERS[order]);
        if (sureness > 0) {
          int kind = kind(whose, order, sureness, greedy);
          double came = table.follower(tokens, at, ORDERS[order]) == tokens[at] ? 1 : 0;
          double weight = Math.max(WEIGHT / 2, 1.0 / (++seen[kind] + 2));
          trueShare[kind] += weight * (came - trueShare[kind]);
        }
      }
    }
  }

  private static void learn(NgramTable table, int[] tokens, int at) {
    for (int order : ORDERS) {
      if (at >= order) {
        table.learn(tokens, at, order);
      }
    }
  }

  private NgramTable tenant(PrefixCache.Partition partition) {
    NgramTable table =
        tenants.computeIfAbsent(partition, _ -> new NgramTable(TENANT_PLACES));
    if (tenants.size() > TENANTS) {
      tenants.remove(tenants.keySet().iterator().next());
    }
    return table;
  }

  /** Its tenant remembers what a row said. */
  void ended(Row row) {
    drafts.remove(row);
    NgramTable table = tenant(row.partition());
    for (int at = row.promptLength(); at < row.length(); at++) {
      learn(table, row.tokens(), at);
    }
  }
}
