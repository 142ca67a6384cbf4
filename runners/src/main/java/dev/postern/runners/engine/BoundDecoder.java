package dev.postern.runners.engine;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.ort.BoundRun;
import dev.postern.runners.ort.ElementType;
import dev.postern.runners.ort.MemoryPlace;
import dev.postern.runners.ort.SessionMemory;
import dev.postern.runners.ort.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A decoder whose keys and values never leave the device that computes: they are bound to the
 * session in place, and only ids, mask and logits pass through the processor's memory. Half
 * precision is the usual case, because attention on CUDA has no other; on the processor it runs
 * too, which is how all of it but the device is tested.
 */
final class BoundDecoder extends GraphDecoder {
  private final Placement placement;
  private final OrtSession session;
  private final SessionMemory host;
  private final SessionMemory device;
  private final DeviceKvMemory cache;
  private final Map<Stretch, BoundRun> runs = new HashMap<>();

  /** Closed by hand: ONNX Runtime reads it in every run. */
  private final Arena arena = Arena.ofShared();

  private final MemorySegment ids;
  private final MemorySegment mask;
  private final MemorySegment keep = arena.allocate(JAVA_LONG);
  private final MemorySegment logits;

  private record Stretch(int first, int rows) {}

  /**
   * @param placement closed with the decoder, or when it does not open
   */
  static BoundDecoder open(Path graph, EngineConfig config, int contextLength, Placement placement)
      throws OrtException {
    OrtSession session = null;
    try {
      session = session(graph, config, placement);
      return new BoundDecoder(session, config, contextLength, placement);
    } catch (OrtException | RuntimeException | OutOfMemoryError failure) {
      if (session != null) {
        session.close();
      }
      placement.close();
      throw failure;
    }
  }

  private static OrtSession session(Path graph, EngineConfig config, Placement placement)
      throws OrtException {
    // Before any option: the provider's start wants the environment's log.
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(config.threads());
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      long weights = Files.size(graph.resolveSibling(ModelFolder.WEIGHTS));
      placement.enter(options, weights + config.cacheBytes() + OnnxGenerator.DEVICE_WORKSPACE);
      return environment.createSession(graph.toString(), options);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private BoundDecoder(
      OrtSession session, EngineConfig config, int contextLength, Placement placement)
      throws OrtException {
    super(room(session, config, contextLength), vocabulary(session));
    this.placement = placement;
    this.session = session;
    this.ids = words(Room.idBytes(shape.rows(), config.prefillChunk()));
    this.mask = words(Room.maskBytes(shape.rows(), shape.capacity()));
    this.logits = arena.allocate(JAVA_FLOAT, room.logitBytes(vocabulary) / Float.BYTES);
    this.host = new SessionMemory(session, MemoryPlace.PROCESSOR);
    this.device = new SessionMemory(session, placement.place());
    this.cache = new DeviceKvMemory(device, placement.copies(), shape, keyType(session));
  }

  private static Room room(OrtSession session, EngineConfig config, int contextLength)
      throws OrtException {
    Map<String, NodeInfo> inputs = session.getInputInfo();
    return Room.onDevice(
        config, contextLength, layers(inputs), keys(session).getShape(), keyType(session).bytes());
  }

  private static TensorInfo keys(OrtSession session) throws OrtException {
    return tensor(session.getInputInfo(), KvMemory.past(0, true));
  }

  private static ElementType keyType(OrtSession session) throws OrtException {
    return ElementType.of(keys(session));
  }

  @Override
  KvMemory cache() {
    return cache;
  }

  private MemorySegment words(long bytes) {
    return arena.allocate(JAVA_LONG, bytes / Long.BYTES);
  }

  @Override
  public void prefill(int row, int[] tokens, int from, int count, boolean everyPosition)
      throws OrtException {
    for (int i = 0; i < count; i++) {
      ids.setAtIndex(JAVA_LONG, i, tokens[from + i]);
    }
    lengths[row] += count;
    run(new Stretch(row, 1), count, everyPosition ? count : 1);
  }

  @Override
  public void decode(int rows, int[] tokens) throws OrtException {
    for (int row = 0; row < rows; row++) {
      ids.setAtIndex(JAVA_LONG, row, tokens[row]);
      lengths[row]++;
    }
    run(new Stretch(0, rows), 1, 1);
  }

  private void run(Stretch stretch, int sequence, int kept) throws OrtException {
    int rows = stretch.rows;
    int total = fillMask(stretch);
    keep.set(JAVA_LONG, 0, kept);
    BoundRun run = bound(stretch);
    try (Tensor idTensor = host.over(ids.address(), ElementType.LONG, rows, sequence);
        Tensor maskTensor = host.over(mask.address(), ElementType.LONG, rows, total);
        Tensor keepTensor = host.over(keep.address(), ElementType.LONG, 1);
        Tensor logitTensor =
            host.over(logits.address(), ElementType.FLOAT, rows, kept, vocabulary)) {
      run.input("input_ids", idTensor);
      run.input("attention_mask", maskTensor);
      run.input("num_logits_to_keep", keepTensor);
      run.output("logits", logitTensor);
      run.run();
    }
  }

  private BoundRun bound(Stretch stretch) throws OrtException {
    BoundRun known = runs.get(stretch);
    if (known != null) {
      return known;
    }
    var run = new BoundRun(session);
    runs.put(stretch, run);
    cache.bind(run, stretch.first, stretch.rows);
    return run;
  }

  /** Returns the longest length. */
  private int fillMask(Stretch stretch) {
    int total = longest(stretch.first, stretch.rows);
    for (int row = 0; row < stretch.rows; row++) {
      int length = lengths[stretch.first + row];
      for (int position = 0; position < total; position++) {
        mask.setAtIndex(JAVA_LONG, (long) row * total + position, position < length ? 1 : 0);
      }
    }
    return total;
  }

  @Override
  public void logits(int index, float[] into) {
    MemorySegment.copy(
        logits, JAVA_FLOAT, (long) index * vocabulary * Float.BYTES, into, 0, vocabulary);
  }

  @Override
  public void adapt(int row, long adapter) {
    if (adapter != 0) {
      throw new IllegalStateException("a model in half precision has no places for adapters");
    }
  }

  @Override
  public void openForAdapters() throws OrtException {
    throw new OrtException("a model in half precision has no places for adapters");
  }

  @Override
  public void close() {
    runs.values().forEach(BoundRun::close);
    cache.close();
    device.close();
    host.close();
    try {
      session.close();
    } catch (OrtException failure) {
      throw new IllegalStateException(failure);
    }
    placement.close();
    arena.close();
  }
}
