package dev.postern.runners.engine;

import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.adapter.UnknownAdapterException;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.wire.Sampling;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A loaded generative model. All generations share one running batch on one thread of the engine;
 * {@link Listener} methods are called on that thread and must not block.
 */
public interface Generator extends AutoCloseable {

  /** The most tokens of prompt and completion together. */
  int contextLength();

  Tokenizer tokenizer();

  /**
   * Renders a conversation by the model's own chat template, ending where the assistant's answer
   * begins.
   *
   * @throws dev.postern.runners.wire.BadRequest when the template refuses it
   */
  String renderChat(Conversation conversation);

  /** Texts that end a chat's answer besides the caller's own; none where a token ends it. */
  default List<String> chatStops() {
    return List.of();
  }

  /** The template's source. */
  String chatTemplate();

  /**
   * Queues a generation.
   *
   * @throws dev.postern.runners.RunnerException with {@code Overloaded} when the queue is full
   * @throws IllegalArgumentException when the prompt is empty or leaves no room in the context
   * @throws dev.postern.runners.adapter.UnknownAdapterException when there is no adapter of the
   *     request's digest
   */
  Generation submit(Request request, Listener listener);

  /** Where its model lies, for who looks into it; empty where it is none on disk. */
  default Optional<Path> modelFolder() {
    return Optional.empty();
  }

  /** The adapters it can be given; empty where its model has no place for them. */
  default Optional<Adapters> adapters() {
    return Optional.empty();
  }

  /**
   * Brings an adapter into memory, so that a submit with it will not wait for the disk. Takes a
   * moment, longest for a model's first one.
   *
   * @throws dev.postern.runners.adapter.UnknownAdapterException when there is none of the digest
   */
  default void prepare(String adapter) {
    throw new UnknownAdapterException(adapter);
  }

  /** Rows generating and requests waiting, now. */
  Load load();

  /** What the engine did since it started. */
  Counters counters();

  /** How long the step in progress has been running; zero between steps. Any thread. */
  Duration step();

  @Override
  void close();

  /**
   * @param prompt token ids, at least one
   * @param maxTokens most tokens to produce; 0 with {@code scorePrompt} only scores the prompt
   * @param scorePrompt report each prompt token's log probability through {@link Listener#onPrompt}
   * @param constraint what the answer may say; null for anything
   * @param adapter digest of the loaded adapter to apply; null for the model as it is
   */
  record Request(
      int[] prompt,
      Sampling sampling,
      int maxTokens,
      boolean scorePrompt,
      Caller caller,
      @Nullable TokenConstraint constraint,
      @Nullable String adapter) {

    /** A plain generation. */
    public static Request of(int[] prompt, Sampling sampling, int maxTokens) {
      return new Request(prompt, sampling, maxTokens, false, Caller.ANYONE, null, null);
    }

    /** The same, with an adapter. */
    public Request withAdapter(String digest) {
      return new Request(prompt, sampling, maxTokens, scorePrompt, caller, constraint, digest);
    }

    /** The same, with the prompt scored. */
    public Request scoringPrompt() {
      return new Request(prompt, sampling, maxTokens, true, caller, constraint, adapter);
    }
  }

  /**
   * On whose behalf a generation runs. Rows share computed prefixes within a tenant only.
   *
   * @param tenant an opaque name; empty for callers without one, who share among themselves
   * @param weight share of the engine against other waiting tenants, at least 1
   * @param priority higher goes first, whatever the weights
   */
  record Caller(String tenant, int weight, int priority) {
    public static final Caller ANYONE = new Caller("", 1, 0);

    public Caller {
      if (weight < 1) {
        throw new IllegalArgumentException("a caller's weight is at least 1");
      }
    }
  }

  /** A queued or running generation. */
  interface Generation {
    /**
     * Ends it within one step; {@link Listener#onEnd} follows with {@link FinishReason#CANCELLED}.
     * Any thread.
     */
    void cancel();
  }

  /**
   * What happens to a generation, in order: onPrompt (when asked for), onToken…, then one of onEnd
   * and onFailure.
   */
  interface Listener {
    /**
     * Log probabilities of the prompt's tokens; the first has none and is left out, so entry i is
     * of token i + 1.
     */
    default void onPrompt(List<Token> scored) {}

    /** Each token of the answer; the one that ends it is not reported. */
    void onToken(Token token);

    void onEnd(FinishReason reason, Timings timings);

    void onFailure(Throwable cause);
  }

  /**
   * @param logprob natural log, of the model's own distribution at temperature 1; NaN when not
   *     asked for
   * @param top the likeliest alternatives, descending; empty when not asked for
   */
  record Token(int id, float logprob, List<Alternative> top) {}

  record Alternative(int id, float logprob) {}

  enum FinishReason {
    STOP,
    LENGTH,
    CANCELLED
  }

  /**
   * @param cpuMicros processor time attributed to this row: its share of each step it took part in
   * @param cachedTokens of the prompt, whose keys and values were there already
   */
  record Timings(
      long queueMicros, long prefillMicros, long decodeMicros, long cpuMicros, int cachedTokens) {}

  /**
   * @param rowCpuMicros processor time of the engine's threads that rows were charged
   * @param idleCpuMicros the rest of it
   * @param fedTokens of prompts that were computed
   * @param cachedTokens of prompts that did not need to be
   * @param preemptions rows that lost their place for a while
   * @param guessedTokens that were tried
   * @param confirmedTokens of these that were said
   */
  record Counters(
      long rowCpuMicros,
      long idleCpuMicros,
      long fedTokens,
      long cachedTokens,
      long preemptions,
      long guessedTokens,
      long confirmedTokens) {}

  /**
   * @param cacheBytes of keys and values that the running rows fill
   * @param maxCacheBytes the most of them
   */
  record Load(
      int rows, int waiting, int maxRows, int maxWaiting, long cacheBytes, long maxCacheBytes) {}
}
