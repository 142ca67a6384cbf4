package dev.postern.runners.encoder;

import dev.postern.runners.wire.BadRequest;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A loaded encoder: a row of numbers for each input. Thread-safe. */
public interface Encoder extends AutoCloseable {

  EncoderSettings settings();

  /** The numbers of a row: the length of a vector, or how many labels there are. */
  int width();

  /**
   * A text, framed as the model wants it. Costs processor time: not for an event loop.
   *
   * @param path names the text in a refusal, such as {@code input[3]}
   * @throws BadRequest when the text is longer than the model reads
   */
  Input text(String text, String path);

  /**
   * A query and a document, framed together. A document that is too long is cut at its end.
   *
   * @param documentTokens most tokens of the document
   * @throws BadRequest when the query leaves the document no room
   */
  Input pair(String query, String document, int documentTokens);

  /**
   * Frames ids that the caller chose.
   *
   * @throws BadRequest when an id is not of the vocabulary or there are too many
   */
  Input framed(int[] ids, String path);

  /**
   * Queues inputs; their rows come in the same order: pooled states for embeddings, not yet of unit
   * length, and logits for classifiers and rerankers.
   *
   * @throws dev.postern.runners.RunnerException with {@code Overloaded} when the queue is full
   */
  CompletableFuture<Rows> encode(List<Input> inputs);

  /** Tokens waiting or at work, now. */
  int waitingTokens();

  /** How long the batch at work has been running; zero between batches. Any thread. */
  Duration step();

  @Override
  void close();

  /**
   * @param ids of the tokens, framing included
   * @param segments by token: 0, or 1 in the second text of a pair, where the model tells them
   *     apart
   */
  record Input(int[] ids, int[] segments) {
    public int length() {
      return ids.length;
    }
  }

  /**
   * @param tokens of all inputs, as billed
   * @param cpuMicros processor time spent
   */
  record Rows(List<float[]> values, int tokens, long queueMicros, long cpuMicros) {}
}
