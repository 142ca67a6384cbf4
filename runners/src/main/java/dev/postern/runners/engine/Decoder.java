package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;

/**
 * A model with the cache of its rows. Rows are numbered from 0; the running batch is always the
 * first few. Not thread-safe: the engine's thread owns it.
 */
interface Decoder extends AutoCloseable {
  int vocabulary();

  /** Positions a row can hold. */
  int contextLength();

  int maxRows();

  /** Positions that all rows together may hold. */
  long maxTokens();

  /** Bytes of keys and values that one position takes. */
  long bytesPerToken();

  /**
   * Appends prompt tokens to a row.
   *
   * @param everyPosition keep the logits of each of them and not only of the last; then at most
   *     {@link #maxScored} tokens
   */
  void prefill(int row, int[] tokens, int from, int count, boolean everyPosition)
      throws OrtException;

  int maxScored();

  /** Appends one token to each of the first {@code rows} rows. */
  void decode(int rows, int[] tokens) throws OrtException;

  /**
   * Copies logits of the last call: of row {@code index} after decode, of position {@code index}
   * after a prefill that kept all, of the last position (0) after another prefill.
   */
  void logits(int index, float[] into);

  /** Makes a row the copy of another. */
  void copy(int from, int to);

  /** Empties a row. */
  void clear(int row);

  @Override
  void close();
}
