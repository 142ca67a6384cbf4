package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;

/**
 * A model with the keys and values of its rows. Rows are numbered from 0; those that decode are
 * always the first few. Beside the rows it has numbered blocks of {@link #blockTokens} positions,
 * in which computed prefixes are set aside. It takes what it is told: the engine sees to it that
 * rows and blocks together stay within {@link #maxTokens}. Not thread-safe: the engine's thread
 * owns it.
 *
 * <p>Numerics: a position's results do not depend on where a prompt is cut into chunks as long as
 * no chunk but the prompt's first token is a single one. ONNX Runtime multiplies attention weights
 * of one position and of several by different routines, which differ in the last bits.
 */
interface Decoder extends AutoCloseable {
  int vocabulary();

  /** Positions a row can hold. */
  int contextLength();

  int maxRows();

  /** Positions that all rows and blocks together may hold; at least one full row. */
  long maxTokens();

  /** Blocks that may be set aside at the same time, numbered from 0. */
  int maxBlocks();

  /** Positions of a block, and the unit in which rows take memory. */
  int blockTokens();

  /** Bytes of keys and values that one position takes. */
  long bytesPerToken();

  /**
   * Appends tokens to a row, such as those of a prompt or a guess at what comes next.
   *
   * @param everyPosition keep the logits of each of them and not only of the last; then at most
   *     {@link #maxScored} tokens
   */
  void prefill(int row, int[] tokens, int from, int count, boolean everyPosition)
      throws OrtException;

  int maxScored();

  /** Appends one token to each of the first {@code rows} rows; native code dies of none. */
  void decode(int rows, int[] tokens) throws OrtException;

  /**
   * Copies logits of the last call: of row {@code index} after decode, of position {@code index}
   * after a prefill that kept all, of the last position (0) after another prefill.
   */
  void logits(int index, float[] into);

  /** Makes a row the copy of another, with all that belongs to it. */
  void copy(int from, int to);

  /** Makes a row's keys and values the first {@code length} of another's. */
  void share(int from, int to, int length);

  /** Forgets a row's positions from {@code length} on. */
  void truncate(int row, int length);

  /**
   * Applies an adapter to what an empty row computes from here on.
   *
   * @param adapter its handle; 0 for none, as in a row that was cleared
   */
  void adapt(int row, long adapter);

  /** Makes ready for the first adapter, which takes as long as loading the model. Any thread. */
  void openForAdapters() throws OrtException;

  /** Empties a row. */
  void clear(int row);

  /** Sets the positions from {@code from} on aside in a block. */
  void save(int row, int from, int block);

  /** Appends a block's positions to a row. */
  void load(int block, int row);

  /** Says that a block's contents are no longer needed. */
  void drop(int block);

  @Override
  void close();
}
