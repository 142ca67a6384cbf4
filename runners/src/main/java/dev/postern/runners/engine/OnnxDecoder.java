package dev.postern.runners.engine;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
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
final class OnnxDecoder extends GraphDecoder {
  private final OrtEnvironment environment;
  private final Opening opening;
  private final OrtSession session;

  /** The graph with places for adapters; opened when the first one is used. */
  private @Nullable OrtSession adapted;

  private final DirectKvMemory cache;
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
    super(room(session, config, contextLength), vocabulary(session));
    this.environment = OrtEnvironment.getEnvironment();
    this.opening = opening;
    this.session = session;
    this.cache = new DirectKvMemory(environment, shape);
    this.adapters = new long[shape.rows()];
    this.ids = bytes(Room.idBytes(shape.rows(), config.prefillChunk())).asLongBuffer();
    this.mask = bytes(Room.maskBytes(shape.rows(), shape.capacity())).asLongBuffer();
    this.logits = bytes(room.logitBytes(vocabulary)).asFloatBuffer();
  }

  private static Room room(OrtSession session, EngineConfig config, int contextLength)
      throws OrtException {
    Map<String, NodeInfo> inputs = session.getInputInfo();
    long[] cacheShape = tensor(inputs, KvMemory.past(0, true)).getShape();
    return Room.of(config, contextLength, vocabulary(session), layers(inputs), cacheShape);
  }

  @Override
  KvMemory cache() {
    return cache;
  }

  private static ByteBuffer bytes(long size) {
    return ByteBuffer.allocateDirect(Math.toIntExact(size)).order(ByteOrder.nativeOrder());
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
    int total = longest(first, rows);
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
    super.copy(from, to);
    adapters[to] = adapters[from];
  }

  @Override
  public void clear(int row) {
    adapters[row] = 0;
    super.clear(row);
  }

  private synchronized void closeAdapted() throws OrtException {
    if (adapted != null) {
      adapted.close();
    }
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
