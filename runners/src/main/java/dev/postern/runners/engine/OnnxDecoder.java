package dev.postern.runners.engine;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.ort.CustomOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A decoder graph in ONNX Runtime, with every large tensor in memory of ours and reused. */
final class OnnxDecoder implements Decoder {
  private final OrtEnvironment environment;
  private final Opening opening;
  private final OrtSession session;

  /** The graph with places for adapters; opened when the first one is used. */
  private @Nullable OrtSession adapted;

  private final DirectKvMemory cache;
  private final Room room;
  private final KvMemory.Shape shape;
  private final int vocabulary;
  private final int[] lengths;
  private final long[] adapters;
  private final LongBuffer ids;
  private final LongBuffer mask;
  private final FloatBuffer logits;
  private final Map<Integer, OnnxTensor> keep = new HashMap<>();
  private final Map<Long, OnnxTensor> logitViews = new HashMap<>();

  static OnnxDecoder open(Path graph, EngineConfig config, int contextLength) throws OrtException {
    var opening = new Opening(graph, config);
    OrtSession session = opening.session(graph);
    try {
      return new OnnxDecoder(opening, session, config, contextLength);
    } catch (OrtException | RuntimeException | OutOfMemoryError failure) {
      session.close();
      throw failure;
    }
  }

  /** How sessions over the model's graphs are made. */
  private record Opening(Path graph, EngineConfig config) {
    OrtSession session(Path path) throws OrtException {
      try (var options = options(config)) {
        return OrtEnvironment.getEnvironment().createSession(path.toString(), options);
      }
    }
  }

  private static OrtSession.SessionOptions options(EngineConfig config) throws OrtException {
    var options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(config.threads());
    options.setInterOpNumThreads(1);
    options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
    options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
    // Waiting threads sleep: the box is shared with a gateway and a database.
    options.addConfigEntry("session.intra_op.allow_spinning", "0");
    CustomOps.register(options);
    return options;
  }

  private OnnxDecoder(Opening opening, OrtSession session, EngineConfig config, int contextLength)
      throws OrtException {
    this.environment = OrtEnvironment.getEnvironment();
    this.opening = opening;
    this.session = session;
    Map<String, NodeInfo> inputs = session.getInputInfo();
    int layers =
        (int)
            inputs.keySet().stream()
                .filter(name -> name.startsWith("past_key_values.") && name.endsWith(".key"))
                .count();
    long[] cacheShape = shape(inputs, KvMemory.past(0, true));
    this.vocabulary = (int) shape(session.getOutputInfo(), "logits")[2];
    this.room = Room.of(config, contextLength, vocabulary, layers, cacheShape);
    this.shape = room.shape();
    this.cache = new DirectKvMemory(environment, shape);
    this.lengths = new int[shape.rows()];
    this.adapters = new long[shape.rows()];
    this.ids = bytes(Room.idBytes(shape.rows(), config.prefillChunk())).asLongBuffer();
    this.mask = bytes(Room.maskBytes(shape.rows(), shape.capacity())).asLongBuffer();
    this.logits = bytes(room.logitBytes(vocabulary)).asFloatBuffer();
  }

  private static ByteBuffer bytes(long size) {
    return ByteBuffer.allocateDirect(Math.toIntExact(size)).order(ByteOrder.nativeOrder());
  }

  private static long[] shape(Map<String, NodeInfo> nodes, String name) {
    NodeInfo node = nodes.get(name);
    if (node == null || !(node.getInfo() instanceof TensorInfo tensor)) {
      throw new IllegalArgumentException("the graph has no tensor " + name);
    }
    return tensor.getShape();
  }

  @Override
  public int vocabulary() {
    return vocabulary;
  }

  @Override
  public int contextLength() {
    return room.context();
  }

  @Override
  public int maxRows() {
    return shape.rows();
  }

  @Override
  public long maxTokens() {
    return room.maxTokens();
  }

  @Override
  public int maxBlocks() {
    return shape.blocks();
  }

  @Override
  public int blockTokens() {
    return shape.blockTokens();
  }

  @Override
  public long bytesPerToken() {
    return shape.bytesPerToken();
  }

  @Override
  public int maxScored() {
    return room.maxScored();
  }

  @Override
  public void prefill(int row, int[] tokens, int from, int count, boolean everyPosition)
      throws OrtException {
    for (int i = 0; i < count; i++) {
      ids.put(i, tokens[from + i]);
    }
    lengths[row] += count;
    run(row, 1, count, everyPosition ? count : 1);
  }

  @Override
  public void decode(int rows, int[] tokens) throws OrtException {
    for (int row = 0; row < rows; row++) {
      ids.put(row, tokens[row]);
      lengths[row]++;
    }
    run(0, rows, 1, 1);
  }

  private void run(int first, int rows, int sequence, int kept) throws OrtException {
    int total = fillMask(first, rows);
    DirectKvMemory.View view = cache.view(first, rows);
    Map<String, OnnxTensor> inputs = new HashMap<>(view.inputs());
    Map<String, OnnxTensor> outputs = new LinkedHashMap<>(view.outputs());
    outputs.put("logits", logitView(rows, kept));
    inputs.put("num_logits_to_keep", keep(kept));
    ids.limit(rows * sequence).position(0);
    mask.limit(rows * total).position(0);
    try (var idTensor = OnnxTensor.createTensor(environment, ids, new long[] {rows, sequence});
        var maskTensor = OnnxTensor.createTensor(environment, mask, new long[] {rows, total})) {
      inputs.put("input_ids", idTensor);
      inputs.put("attention_mask", maskTensor);
      run(first, rows, inputs, outputs);
    } finally {
      ids.clear();
      mask.clear();
    }
  }

  /** Rows without adapters among others with get bit for bit what the bare graph gives them. */
  private void run(
      int first, int rows, Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs)
      throws OrtException {
    long[] handles = Arrays.copyOfRange(adapters, first, first + rows);
    if (Arrays.stream(handles).allMatch(handle -> handle == 0)) {
      session.run(inputs, outputs).close();
      return;
    }
    try (var handleTensor = OnnxTensor.createTensor(environment, handles)) {
      inputs.put(OnnxGraph.ADAPTERS, handleTensor);
      adapted().run(inputs, outputs).close();
    }
  }

  /** Opens the graph for adapters, unless it is open; takes as long as loading the model. */
  private synchronized OrtSession adapted() throws OrtException {
    OrtSession opened = adapted;
    if (opened == null) {
      opened = opening.session(opening.graph().resolveSibling(ModelFolder.ADAPTED_GRAPH));
      adapted = opened;
    }
    return opened;
  }

  @Override
  public void openForAdapters() throws OrtException {
    adapted();
  }

  @Override
  public void adapt(int row, long adapter) {
    adapters[row] = adapter;
  }

  /** Ones over each row's positions, zeros behind them up to the longest row's length. */
  private int fillMask(int first, int rows) {
    int total = 0;
    for (int row = first; row < first + rows; row++) {
      total = Math.max(total, lengths[row]);
    }
    for (int row = 0; row < rows; row++) {
      int length = lengths[first + row];
      for (int position = 0; position < total; position++) {
        mask.put(row * total + position, position < length ? 1 : 0);
      }
    }
    return total;
  }

  private OnnxTensor keep(int count) throws OrtException {
    OnnxTensor tensor = keep.get(count);
    if (tensor == null) {
      tensor = OnnxTensor.createTensor(environment, new long[] {count});
      keep.put(count, tensor);
    }
    return tensor;
  }

  private OnnxTensor logitView(int rows, int kept) throws OrtException {
    long key = (long) rows << 32 | kept;
    OnnxTensor tensor = logitViews.get(key);
    if (tensor == null) {
      tensor =
          OnnxTensor.createTensor(
              environment,
              logits.slice(0, rows * kept * vocabulary),
              new long[] {rows, kept, vocabulary});
      logitViews.put(key, tensor);
    }
    return tensor;
  }

  @Override
  public void logits(int index, float[] into) {
    logits.get(index * vocabulary, into, 0, vocabulary);
  }

  @Override
  public void copy(int from, int to) {
    cache.copy(from, to, lengths[from]);
    lengths[to] = lengths[from];
    adapters[to] = adapters[from];
  }

  @Override
  public void share(int from, int to, int length) {
    cache.copy(from, to, length);
    lengths[to] = length;
  }

  @Override
  public void truncate(int row, int length) {
    lengths[row] = length;
  }

  @Override
  public void clear(int row) {
    lengths[row] = 0;
    adapters[row] = 0;
    cache.release(row);
  }

  private synchronized void closeAdapted() throws OrtException {
    if (adapted != null) {
      adapted.close();
    }
  }

  @Override
  public void save(int row, int from, int block) {
    cache.save(row, from, block);
  }

  @Override
  public void load(int block, int row) {
    cache.load(block, row, lengths[row]);
    lengths[row] += shape.blockTokens();
  }

  @Override
  public void drop(int block) {
    cache.drop(block);
  }

  @Override
  public void close() {
    try {
      session.close();
      closeAdapted();
    } catch (OrtException failure) {
      throw new IllegalStateException(failure);
    }
    keep.values().forEach(OnnxTensor::close);
    logitViews.values().forEach(OnnxTensor::close);
    cache.close();
  }
}
