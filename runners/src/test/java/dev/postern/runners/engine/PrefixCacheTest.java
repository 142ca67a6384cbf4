package dev.postern.runners.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.postern.runners.engine.PrefixCache.Partition;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PrefixCacheTest {
  private static final Partition A = new Partition("a", null);

  private final PrefixCache cache = new PrefixCache(2);
  private final List<Integer> saved = new ArrayList<>();

  private void keep(Partition partition, int... tokens) {
    cache.keep(
        partition,
        tokens,
        tokens.length,
        (from, _) -> {
          saved.add(from);
          return saved.size() - 1;
        });
  }

  private List<Integer> find(Partition partition, int... tokens) {
    return cache.find(partition, tokens, tokens.length);
  }

  @Test
  void findsTheLongestPrefixInWholeBlocks() {
    keep(A, 1, 2, 3, 4, 5);
    assertThat(saved).containsExactly(0, 2);
    assertThat(find(A, 1, 2, 3, 4, 5, 6)).containsExactly(0, 1);
    assertThat(find(A, 1, 2, 3, 9)).containsExactly(0);
    assertThat(find(A, 1, 2, 3)).containsExactly(0);
    assertThat(find(A, 2, 1)).isEmpty();
  }

  @Test
  void savesOnlyWhatIsNotThere() {
    keep(A, 1, 2, 3, 4);
    keep(A, 1, 2, 5, 6, 7, 8);
    assertThat(saved).containsExactly(0, 2, 2, 4);
    assertThat(find(A, 1, 2, 5, 6, 7, 8)).containsExactly(0, 2, 3);
  }

  @Test
  void keepsTenantsAndAdaptersApart() {
    keep(A, 1, 2);
    assertThat(find(new Partition("b", null), 1, 2)).isEmpty();
    assertThat(find(new Partition("a", "sha256:1"), 1, 2)).isEmpty();
  }

  @Test
  void forgetsWhatWasUsedLongestAgoFromItsEnd() {
    keep(A, 1, 2, 3, 4);
    keep(A, 5, 6);
    find(A, 1, 2);
    assertThat(cache.removeEldest()).isEqualTo(1);
    assertThat(cache.removeEldest()).isEqualTo(2);
    assertThat(cache.removeEldest()).isZero();
    assertThat(cache.removeEldest()).isEqualTo(-1);
    assertThat(cache.size()).isZero();
  }

  @Test
  void neverLeavesABlockWithoutThoseBeforeIt() {
    var random = new Random(1);
    for (int i = 0; i < 3000; i++) {
      int[] tokens = random.ints(2 + random.nextInt(8), 0, 3).toArray();
      cache.keep(
          A,
          tokens,
          tokens.length,
          (_, mayRemove) -> {
            if (cache.size() == 5 && mayRemove) {
              cache.removeEldest();
            }
            return cache.size() < 5 ? 7 : -1;
          });
      assertThat(cache.size()).isLessThanOrEqualTo(5);
      List<Integer> found = cache.find(A, tokens, tokens.length);
      assertThat(found.size()).isEqualTo(Math.min(tokens.length / 2, 5));
    }
  }
}
