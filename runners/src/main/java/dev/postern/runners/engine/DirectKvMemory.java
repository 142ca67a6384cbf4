package dev.postern.runners.engine;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Keys and values in the process's own memory, which ONNX Runtime's processor kernels use. Rows and
 * blocks have addresses for all they may ever hold, and memory for what they do hold.
 */
final class DirectKvMemory implements KvMemory {
  private final OrtEnvironment environment;
  private final Shape shape;
  private final LazyMemory memory;
  private final LazyMemory blocks;
  private final Map<Stretch, View> views = new HashMap<>();

  private record Stretch(int first, int count) {}

  /**
   * @param inputs by the graph's input names
   * @param outputs the same tensors by its output names
   */
  record View(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs) {}

  DirectKvMemory(OrtEnvironment environment, Shape shape) {
    this.environment = environment;
    this.shape = shape;
    this.memory = new LazyMemory(shape.slabs() * shape.slabBytes());
    this.blocks = new LazyMemory(Math.max(1, shape.blocks()) * shape.blockBytes());
  }

  /**
   * Tensors over rows {@code first} to {@code first + count - 1}. The maps are kept and shared: do
   * not change them.
   */
  View view(int first, int count) throws OrtException {
    var stretch = new Stretch(first, count);
    View view = views.get(stretch);
    if (view == null) {
      view = makeView(first, count);
      views.put(stretch, view);
    }
    return view;
  }

  private View makeView(int first, int count) throws OrtException {
    Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
    Map<String, OnnxTensor> outputs = new LinkedHashMap<>();
    for (int slab = 0; slab < shape.slabs(); slab++) {
      MemorySegment rows =
          memory.segment().asSlice(shape.offset(slab, first, 0, 0), count * shape.rowBytes());
      FloatBuffer buffer = rows.asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
      OnnxTensor tensor = OnnxTensor.createTensor(environment, buffer, shape.tensor(count));
      boolean key = slab % 2 == 0;
      inputs.put(KvMemory.past(slab / 2, key), tensor);
      outputs.put(KvMemory.present(slab / 2, key), tensor);
    }
    return new View(inputs, outputs);
  }

  @Override
  public void copy(int from, int to, int length) {
    MemorySegment all = memory.segment();
    for (int slab = 0; slab < shape.slabs(); slab++) {
      for (int head = 0; head < shape.keyValueHeads(); head++) {
        MemorySegment.copy(
            all,
            shape.offset(slab, from, head, 0),
            all,
            shape.offset(slab, to, head, 0),
            length * shape.positionBytes());
      }
    }
  }

  @Override
  public void save(int row, int from, int block) {
    long stretch = shape.blockTokens() * shape.positionBytes();
    long target = block * shape.blockBytes();
    for (int slab = 0; slab < shape.slabs(); slab++) {
      for (int head = 0; head < shape.keyValueHeads(); head++, target += stretch) {
        long source = shape.offset(slab, row, head, from);
        MemorySegment.copy(memory.segment(), source, blocks.segment(), target, stretch);
      }
    }
  }

  @Override
  public void load(int block, int row, int to) {
    long stretch = shape.blockTokens() * shape.positionBytes();
    long source = block * shape.blockBytes();
    for (int slab = 0; slab < shape.slabs(); slab++) {
      for (int head = 0; head < shape.keyValueHeads(); head++, source += stretch) {
        long target = shape.offset(slab, row, head, to);
        MemorySegment.copy(blocks.segment(), source, memory.segment(), target, stretch);
      }
    }
  }

  @Override
  public void drop(int block) {
    blocks.release(block * shape.blockBytes(), shape.blockBytes());
  }

  @Override
  public void release(int row) {
    for (int slab = 0; slab < shape.slabs(); slab++) {
      memory.release(shape.offset(slab, row, 0, 0), shape.rowBytes());
    }
  }

  @Override
  public void close() {
    views.values().forEach(view -> view.inputs().values().forEach(OnnxTensor::close));
    memory.close();
    blocks.close();
  }
}
