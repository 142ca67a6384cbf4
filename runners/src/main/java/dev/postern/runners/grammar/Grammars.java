package dev.postern.runners.grammar;

import dev.postern.runners.engine.Tokenizer;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The compiled grammars of one model, the least lately used given up first. Thread-safe. */
public final class Grammars {
  private static final int MOST = 32;

  private final Tokenizer tokenizer;
  private final Set<String> spelled;
  private final ReentrantLock lock = new ReentrantLock();
  private final Map<String, TokenMasks> compiled = new LinkedHashMap<>(16, 0.75f, true);
  private @Nullable TokenTrie trie;

  /**
   * @param spelled control tokens that grammars may ask for by their names
   */
  public Grammars(Tokenizer tokenizer, Set<String> spelled) {
    this.tokenizer = tokenizer;
    this.spelled = Set.copyOf(spelled);
  }

  /**
   * A constraint for one answer.
   *
   * @throws dev.postern.runners.wire.BadRequest naming the schema that cannot be used
   */
  public GrammarConstraint constraint(AnswerShape shape) {
    String key = shape.digest();
    lock.lock();
    try {
      TokenMasks masks = compiled.get(key);
      if (masks == null) {
        // Compiled under the lock: one costs at most what a budget allows, and two at once twice.
        masks = new TokenMasks(shape.automaton(), trie());
        masks.prepare();
        compiled.put(key, masks);
        if (compiled.size() > MOST) {
          compiled.remove(compiled.keySet().iterator().next());
        }
      }
      return new GrammarConstraint(masks);
    } finally {
      lock.unlock();
    }
  }

  private TokenTrie trie() {
    TokenTrie made = trie;
    if (made == null) {
      made = TokenTrie.of(tokenizer, spelled);
      trie = made;
    }
    return made;
  }
}
