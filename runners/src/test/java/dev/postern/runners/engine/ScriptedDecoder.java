package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Semaphore;

/**
 * A decoder without a model: the next token is always the sum of all tokens in the row, modulo the
 * vocabulary, so that any mix-up of rows shows.
 */
final class ScriptedDecoder implements Decoder {
  static final int VOCABULARY = 97;
  static final int BLOCK = 4;

  private final int rows;
  private final long maxTokens;
  private final Semaphore steps = new Semaphore(1 << 30);
  private final List<List<Integer>> contents = new ArrayList<>();
  private final Map<Integer, List<Integer>> blocks = new HashMap<>();
  private int failing;
  private boolean breaking;
  private boolean refusingAdapters;
  private long fed;
  private int wrote;
  private int kept;
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

  /** The next step ends in what is no exception, as a fault in mapped memory does. */
  synchronized void breakNext() {
    breaking = true;
  }

  synchronized void refuseNextAdapter() {
    refusingAdapters = true;
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
  public int maxBlocks() {
    return (int) Math.min(Integer.MAX_VALUE, maxTokens / BLOCK);
  }

  @Override
  public int blockTokens() {
    return BLOCK;
  }

  /** Prompt tokens that were computed. */
  long fed() {
    return fed;
  }

  int heldByRows() {
    return contents.stream().mapToInt(List::size).sum();
  }

  /** Positions held, in whole blocks. */
  private void checkMemory() {
    long held = blocks.size() * (long) BLOCK;
    for (List<Integer> row : contents) {
      held += (row.size() + BLOCK - 1) / BLOCK * BLOCK;
    }
    if (held > maxTokens) {
      throw new AssertionError(held + " positions are more than " + maxTokens);
    }
  }

  @Override
  public int maxScored() {
    return 4;
  }

  @Override
  public void prefill(int row, int[] tokens, int from, int count, boolean everyPosition)
      throws OrtException {
    step();
    fed += count;
    for (int i = from; i < from + count; i++) {
      contents.get(row).add(tokens[i]);
    }
    checkMemory();
    kept = everyPosition ? count : 1;
    wrote = row;
  }

  @Override
  public void decode(int count, int[] tokens) throws OrtException {
    if (count < 1) {
      throw new AssertionError("a step of no rows");
    }
    step();
    synchronized (this) {
      largestBatch = Math.max(largestBatch, count);
    }
    for (int row = 0; row < count; row++) {
      contents.get(row).add(tokens[row]);
    }
    checkMemory();
    kept = 0;
    wrote = 0;
  }

  private void step() throws OrtException {
    steps.acquireUninterruptibly();
    synchronized (this) {
      if (breaking) {
        breaking = false;
        throw new InternalError("scripted");
      }
      if (failing > 0) {
        failing--;
        throw new OrtException("scripted");
      }
    }
  }

  @Override
  public void logits(int index, float[] into) {
    Arrays.fill(into, 0);
    List<Integer> content = kept == 0 ? contents.get(index) : contents.get(wrote);
    int length = kept == 0 ? content.size() : content.size() - kept + 1 + index;
    int sum = content.subList(0, length).stream().mapToInt(Integer::intValue).sum();
    into[sum % VOCABULARY] = 10;
  }

  @Override
  public synchronized void adapt(int row, long adapter) {
    if (refusingAdapters) {
      refusingAdapters = false;
      throw new IllegalStateException("scripted");
    }
    if (!contents.get(row).isEmpty()) {
      throw new IllegalStateException("a row that holds something gets an adapter");
    }
  }

  @Override
  public void openForAdapters() {}

  @Override
  public void copy(int from, int to) {
    contents.set(to, new ArrayList<>(contents.get(from)));
  }

  @Override
  public void share(int from, int to, int length) {
    contents.set(to, new ArrayList<>(contents.get(from).subList(0, length)));
    checkMemory();
  }

  @Override
  public void truncate(int row, int length) {
    List<Integer> content = contents.get(row);
    content.subList(length, content.size()).clear();
  }

  @Override
  public void save(int row, int from, int block) {
    if (block < 0 || block >= maxTokens / BLOCK || blocks.containsKey(block)) {
      throw new AssertionError("block " + block + " is taken or none");
    }
    blocks.put(block, List.copyOf(contents.get(row).subList(from, from + BLOCK)));
    checkMemory();
  }

  @Override
  public void load(int block, int row) {
    contents.get(row).addAll(Objects.requireNonNull(blocks.get(block)));
    checkMemory();
  }

  @Override
  public void drop(int block) {
    Objects.requireNonNull(blocks.remove(block));
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
