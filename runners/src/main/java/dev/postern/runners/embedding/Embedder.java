package dev.postern.runners.embedding;

import dev.postern.runners.wire.BadRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A loaded embedding model. Thread-safe. */
public interface Embedder extends AutoCloseable {

  /** The length of its vectors. */
  int dimensions();

  /** The most tokens of one input, its framing tokens included. */
  int maxTokens();

  /**
   * The token ids of a text, framed as the model wants it. Costs processor time: not for an event
   * loop.
   *
   * @param path names the input in a refusal, such as {@code input[3]}
   * @throws BadRequest when the text is longer than the model reads
   */
  int[] tokenize(String text, String path);

  /**
   * Frames ids that the caller chose.
   *
   * @throws BadRequest when an id is not of the vocabulary or there are too many
   */
  int[] frame(int[] ids, String path);

  /**
   * Queues inputs; their vectors come in the same order, of unit length.
   *
   * @param dimensions shorten to this many; null keeps all
   * @throws dev.postern.runners.RunnerException with {@code Overloaded} when the queue is full
   */
  CompletableFuture<Embeddings> embed(List<int[]> inputs, @Nullable Integer dimensions);

  /** Tokens waiting or at work, now. */
  int waitingTokens();

  /** How long the batch at work has been running; zero between batches. Any thread. */
  Duration step();

  @Override
  void close();

  /**
   * @param tokens of all inputs, as billed
   * @param cpuMicros processor time spent
   */
  record Embeddings(List<float[]> vectors, int tokens, long queueMicros, long cpuMicros) {}
}
