package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Semaphore;

/**
 * A decoder without a model: the next token is always the sum of all tokens in the row, modulo the
 * vocabulary, so that any mix-up of rows shows.
 */
final class ScriptedDecoder implements Decoder {
  static final int VOCABULARY = 97;

  private final int rows;
  private final long maxTokens;
  private final Semaphore steps = new Semaphore(1 << 30);
  private final List<List<Integer>> contents = new ArrayList<>();
  private int failing;
  private int wrote;
  private int largestBatch;
  private volatile boolean closed;

  ScriptedDecoder(int rows, long maxTokens) {
    this.rows = rows;
    this.maxTokens = maxTokens;
    for (int row = 0; row < rows; row++) {
      contents.add(new ArrayList<>());
    }
  }

  /** Steps wait from here on until {@link #resume}. */
  void pause() {
    steps.drainPermits();
  }

  void resume() {
    steps.release(1_000_000);
  }

  synchronized void failNext(int count) {
    failing = count;
  }

  synchronized int largestBatch() {
    return largestBatch;
  }

  boolean closed() {
    return closed;
  }

  static List<Integer> expected(int[] prompt, int count) {
    List<Integer> row = new ArrayList<>();
    for (int token : prompt) {
      row.add(token);
    }
    List<Integer> produced = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int next = row.stream().mapToInt(Integer::intValue).sum() % VOCABULARY;
      row.add(next);
      produced.add(next);
    }
    return produced;
  }

  @Override
  public int vocabulary() {
    return VOCABULARY;
  }

  @Override
  public int contextLength() {
    return 100;
  }

  @Override
  public long bytesPerToken() {
    return 10;
  }

  @Override
  public int maxRows() {
    return rows;
  }

  @Override
  public long maxTokens() {
    return maxTokens;
  }

  @Override
  public int maxScored() {
    return 4;
  }

  @Override
  public void prefill(int row, int[] tokens, int from, int count, boolean everyPosition)
      throws OrtException {
    step();
    for (int i = from; i < from + count; i++) {
      contents.get(row).add(tokens[i]);
    }
    wrote = row;
  }

  @Override
  public void decode(int count, int[] tokens) throws OrtException {
    step();
    synchronized (this) {
      largestBatch = Math.max(largestBatch, count);
    }
    for (int row = 0; row < count; row++) {
      contents.get(row).add(tokens[row]);
    }
    wrote = 0;
  }

  private void step() throws OrtException {
    steps.acquireUninterruptibly();
    synchronized (this) {
      if (failing > 0) {
        failing--;
        throw new OrtException("scripted");
      }
    }
  }

  @Override
  public void logits(int index, float[] into) {
    Arrays.fill(into, 0);
    int sum = contents.get(wrote + index).stream().mapToInt(Integer::intValue).sum();
    into[sum % VOCABULARY] = 10;
  }

  @Override
  public void copy(int from, int to) {
    contents.set(to, new ArrayList<>(contents.get(from)));
  }

  @Override
  public void clear(int row) {
    contents.get(row).clear();
  }

  @Override
  public void close() {
    closed = true;
  }
}
