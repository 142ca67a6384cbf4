package dev.postern.runners.engine;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import java.util.Map;

/**
 * What decoders over a graph in ONNX Runtime have in common: the lengths of their rows, and keys
 * and values beside them. Where these lie, and how the graph is run, is for each to say.
 */
abstract class GraphDecoder implements Decoder {
  final Room room;
  final KvMemory.Shape shape;
  final int vocabulary;
  final int[] lengths;

  GraphDecoder(Room room, int vocabulary) {
    this.room = room;
    this.shape = room.shape();
    this.vocabulary = vocabulary;
    this.lengths = new int[shape.rows()];
  }

  /** Where the rows' keys and values are. */
  abstract KvMemory cache();

  static int layers(Map<String, NodeInfo> inputs) {
    return (int)
        inputs.keySet().stream()
            .filter(name -> name.startsWith("past_key_values.") && name.endsWith(".key"))
            .count();
  }

  static TensorInfo tensor(Map<String, NodeInfo> nodes, String name) {
    NodeInfo node = nodes.get(name);
    if (node == null || !(node.getInfo() instanceof TensorInfo tensor)) {
      throw new IllegalArgumentException("the graph has no tensor " + name);
    }
    return tensor;
  }

  static int vocabulary(OrtSession session) throws OrtException {
    return (int) tensor(session.getOutputInfo(), "logits").getShape()[2];
  }

  /** The most positions that one of some rows has. */
  final int longest(int first, int rows) {
    int longest = 0;
    for (int row = first; row < first + rows; row++) {
      longest = Math.max(longest, lengths[row]);
    }
    return longest;
  }

  @Override
  public final int vocabulary() {
    return vocabulary;
  }

  @Override
  public final int contextLength() {
    return room.context();
  }

  @Override
  public final int maxRows() {
    return shape.rows();
  }

  @Override
  public final long maxTokens() {
    return room.maxTokens();
  }

  @Override
  public final int maxBlocks() {
    return shape.blocks();
  }

  @Override
  public final int blockTokens() {
    return shape.blockTokens();
  }

  @Override
  public final long bytesPerToken() {
    return shape.bytesPerToken();
  }

  @Override
  public final int maxScored() {
    return room.maxScored();
  }

  @Override
  public void copy(int from, int to) {
    share(from, to, lengths[from]);
  }

  @Override
  public final void share(int from, int to, int length) {
    cache().copy(from, to, length);
    lengths[to] = length;
  }

  @Override
  public final void truncate(int row, int length) {
    lengths[row] = length;
  }

  @Override
  public void clear(int row) {
    lengths[row] = 0;
    cache().release(row);
  }

  @Override
  public final void save(int row, int from, int block) {
    cache().save(row, from, block);
  }

  @Override
  public final void load(int block, int row) {
    cache().load(block, row, lengths[row]);
    lengths[row] += shape.blockTokens();
  }

  @Override
  public final void drop(int block) {
    cache().drop(block);
  }
}
