package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import dev.postern.runners.ort.BoundRun;
import dev.postern.runners.ort.ElementType;
import dev.postern.runners.ort.MemoryCopy;
import dev.postern.runners.ort.SessionMemory;
import dev.postern.runners.ort.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Keys and values where a session computes, such as on a CUDA device. All of it is taken at once,
 * and rows are moved and set aside without leaving the device.
 */
final class DeviceKvMemory implements KvMemory {
  private final SessionMemory memory;
  private final MemoryCopy copies;
  private final Shape shape;
  private final ElementType type;
  private final Tensor rows;
  private final Tensor blocks;
  private final List<Tensor> views = new ArrayList<>();

  /**
   * @throws OrtException when the device has not that much left
   */
  DeviceKvMemory(SessionMemory memory, MemoryCopy copies, Shape shape, ElementType type)
      throws OrtException {
    this.memory = memory;
    this.copies = copies;
    this.shape = shape;
    this.type = type;
    this.rows = memory.allocate(shape.slabs() * shape.slabBytes());
    try {
      this.blocks = memory.allocate(Math.max(1, shape.blocks()) * shape.blockBytes());
    } catch (OrtException failure) {
      rows.close();
      throw failure;
    }
  }

  /**
   * Binds rows {@code first} to {@code first + count - 1} as a run's past and present, so that
   * attention appends in place.
   */
  void bind(BoundRun run, int first, int count) throws OrtException {
    for (int slab = 0; slab < shape.slabs(); slab++) {
      Tensor view = memory.over(address(slab, first, 0), type, shape.tensor(count));
      views.add(view);
      boolean key = slab % 2 == 0;
      run.input(KvMemory.past(slab / 2, key), view);
      run.output(KvMemory.present(slab / 2, key), view);
    }
  }

  private long address(int slab, int row, int position) {
    return rows.address() + shape.offset(slab, row, 0, position);
  }

  @Override
  public void copy(int from, int to, int length) {
    if (from == to || length == 0) {
      return;
    }
    for (int slab = 0; slab < shape.slabs(); slab++) {
      copyHeads(address(slab, from, 0), headPitch(), address(slab, to, 0), headPitch(), length);
    }
    copies.await();
  }

  /** Bytes from one head of a row to the next. */
  private long headPitch() {
    return shape.capacity() * shape.positionBytes();
  }

  /** Bytes from one head of a block to the next. */
  private long blockPitch() {
    return shape.blockTokens() * shape.positionBytes();
  }

  private void copyHeads(long from, long fromPitch, long to, long toPitch, int positions) {
    copies.copy(
        from, fromPitch, to, toPitch, positions * shape.positionBytes(), shape.keyValueHeads());
  }

  @Override
  public void save(int row, int from, int block) {
    for (int slab = 0; slab < shape.slabs(); slab++) {
      copyHeads(
          address(slab, row, from),
          headPitch(),
          address(block, slab),
          blockPitch(),
          shape.blockTokens());
    }
    copies.await();
  }

  @Override
  public void load(int block, int row, int to) {
    for (int slab = 0; slab < shape.slabs(); slab++) {
      copyHeads(
          address(block, slab),
          blockPitch(),
          address(slab, row, to),
          headPitch(),
          shape.blockTokens());
    }
    copies.await();
  }

  private long address(int block, int slab) {
    return blocks.address()
        + block * shape.blockBytes()
        + slab * shape.keyValueHeads() * blockPitch();
  }

  @Override
  public void drop(int block) {
    // The device's memory was taken for good; the block is written anew when it is used again.
  }

  @Override
  public void release(int row) {
    // The device's memory was taken for good; attention never reads beyond a row's length.
  }

  @Override
  public void close() {
    views.forEach(Tensor::close);
    blocks.close();
    rows.close();
  }
}
