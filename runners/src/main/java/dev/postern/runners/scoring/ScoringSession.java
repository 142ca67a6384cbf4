package dev.postern.runners.scoring;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.postern.runners.ort.CustomOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A decoder graph that is asked for the logits of many positions. Its states are values: one prefix
 * can be continued in many ways, and costs its own computation once. It uses one thread, the
 * caller's, and is not thread-safe.
 */
public final class ScoringSession implements AutoCloseable {
  /** Logits of a step lie in memory that is kept; a step is as long as fits in it. */
  private static final long LOGIT_BYTES = 8L << 20;

  private static final int MAX_STEP = 64;

  private final OrtEnvironment environment;
  private final OrtSession session;
  private final Piece piece;
  private final int vocabulary;
  private final int maxStep;
  private final FloatBuffer logits;
  private final Map<String, OnnxTensor> always = new HashMap<>();
  private final List<Cache> caches = new ArrayList<>();

  /** A cache input, the output that continues it, and what it is before any token. */
  private record Cache(String past, String present, OnnxJavaType type, long[] emptyShape) {}

  /** How the weights are held. */
  public enum Memory {
    /** Laid out for speed, as the serving engine does. */
    FAST,
    /** Left in the mapped file: slower, and next to no memory of its own. */
    MAPPED
  }

  /** Opens a graph whose outputs are the logits and the caches. */
  public static ScoringSession open(Path graph, Memory memory) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (var options = options(memory)) {
      return of(new Piece(environment, environment.createSession(graph.toString(), options)));
    }
  }

  /**
   * Opens a graph that was changed in memory.
   *
   * @param folder where its weight file lies
   */
  public static ScoringSession open(byte[] graph, Path folder) throws OrtException {
    return of(piece(graph, folder));
  }

  private static ScoringSession of(Piece piece) throws OrtException {
    try {
      return new ScoringSession(piece);
    } catch (OrtException | RuntimeException | OutOfMemoryError failure) {
      piece.close();
      throw failure;
    }
  }

  /** Any graph, such as a part of a decoder. */
  public record Piece(OrtEnvironment environment, OrtSession session) implements AutoCloseable {
    @Override
    public void close() {
      try {
        session.close();
      } catch (OrtException failure) {
        throw new IllegalStateException(failure);
      }
    }
  }

  /**
   * Opens a part of a decoder that was cut out in memory.
   *
   * @param folder where its weight file lies
   */
  public static Piece piece(byte[] graph, Path folder) throws OrtException {
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    try (var options = options(Memory.FAST)) {
      options.addConfigEntry(
          "session.model_external_initializers_file_folder_path",
          folder.toAbsolutePath().toString());
      return new Piece(environment, environment.createSession(graph, options));
    }
  }

  private static OrtSession.SessionOptions options(Memory memory) throws OrtException {
    var options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(1);
    options.setInterOpNumThreads(1);
    options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.ALL_OPT);
    CustomOps.register(options);
    switch (memory) {
      case FAST -> {}
      case MAPPED -> options.addConfigEntry("session.disable_prepacking", "1");
    }
    return options;
  }

  private ScoringSession(Piece piece) throws OrtException {
    this.piece = piece;
    this.environment = piece.environment();
    this.session = piece.session();
    this.vocabulary = (int) tensor(session.getOutputInfo(), "logits").getShape()[2];
    this.maxStep = Math.clamp(LOGIT_BYTES / (4L * vocabulary), 1, MAX_STEP);
    this.logits = direct(4L * maxStep * vocabulary).asFloatBuffer();
    for (String name : session.getInputInfo().keySet()) {
      if (name.startsWith("past_key_values.")) {
        TensorInfo info = tensor(session.getInputInfo(), name);
        long[] shape = info.getShape();
        caches.add(
            new Cache(
                name,
                name.replaceFirst("past_key_values", "present"),
                info.type,
                new long[] {1, shape[1], 0, shape[3]}));
      }
    }
  }

  private static TensorInfo tensor(Map<String, NodeInfo> nodes, String name) {
    NodeInfo node = nodes.get(name);
    if (node == null || !(node.getInfo() instanceof TensorInfo tensor)) {
      throw new IllegalArgumentException("the graph has no tensor " + name);
    }
    return tensor;
  }

  private static ByteBuffer direct(long size) {
    return ByteBuffer.allocateDirect(Math.toIntExact(size)).order(ByteOrder.nativeOrder());
  }

  public int vocabulary() {
    return vocabulary;
  }

  /** The most tokens of one {@link #extend}. */
  public int maxStep() {
    return maxStep;
  }

  /** Sets an input that stays the same from run to run, such as a switch in the graph. */
  public void set(String input, float[] values) throws OrtException {
    OnnxTensor tensor =
        OnnxTensor.createTensor(environment, FloatBuffer.wrap(values), new long[] {values.length});
    OnnxTensor earlier = always.put(input, tensor);
    if (earlier != null) {
      earlier.close();
    }
  }

  /** A text of which nothing was read yet. */
  public State empty() {
    return new State(0, Optional.empty(), Map.of());
  }

  /**
   * What the model remembers of a text so far. Native memory: close it.
   *
   * @param length tokens read
   */
  public record State(int length, Optional<OrtSession.Result> owner, Map<String, OnnxTensor> cache)
      implements AutoCloseable {
    @Override
    public void close() {
      owner.ifPresent(OrtSession.Result::close);
    }
  }

  /**
   * Reads on. {@link #logits} then gives what the model expects after each of the last {@code kept}
   * tokens, until the next call.
   *
   * @param count at least 1, at most {@link #maxStep}
   * @param kept at most {@code count}
   */
  public State extend(State past, int[] tokens, int from, int count, int kept) throws OrtException {
    return extend(past, tokens, from, count, kept, Set.of());
  }

  /**
   * @param values further outputs of the graph, to be had from {@link #value}
   */
  public State extend(State past, int[] tokens, int from, int count, int kept, Set<String> values)
      throws OrtException {
    int total = past.length() + count;
    LongBuffer ids = direct(8L * count).asLongBuffer();
    for (int i = 0; i < count; i++) {
      ids.put(i, tokens[from + i]);
    }
    LongBuffer mask = direct(8L * total).asLongBuffer();
    for (int i = 0; i < total; i++) {
      mask.put(i, 1);
    }
    Set<String> requested = new HashSet<>(values);
    caches.forEach(cache -> requested.add(cache.present()));
    Map<String, OnnxTensor> inputs = new HashMap<>(always);
    List<OnnxTensor> made = new ArrayList<>();
    try {
      inputs.put("input_ids", made(made, OnnxTensor.createTensor(environment, ids, row(count))));
      inputs.put(
          "attention_mask", made(made, OnnxTensor.createTensor(environment, mask, row(total))));
      inputs.put(
          "num_logits_to_keep",
          made(made, OnnxTensor.createTensor(environment, new long[] {kept})));
      for (Cache cache : caches) {
        OnnxTensor known = past.cache().get(cache.past());
        inputs.put(
            cache.past(),
            known != null
                ? known
                : made(
                    made,
                    OnnxTensor.createTensor(
                        environment, direct(0), cache.emptyShape(), cache.type())));
      }
      Map<String, OnnxValue> pinned =
          Map.of(
              "logits",
              made(
                  made,
                  OnnxTensor.createTensor(
                      environment,
                      logits.slice(0, kept * vocabulary),
                      new long[] {1, kept, vocabulary})));
      return state(total, session.run(inputs, requested, pinned, null));
    } finally {
      made.forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor made(List<OnnxTensor> all, OnnxTensor tensor) {
    all.add(tensor);
    return tensor;
  }

  private static long[] row(int length) {
    return new long[] {1, length};
  }

  private State state(int length, OrtSession.Result result) {
    Map<String, OnnxTensor> cache = new HashMap<>();
    for (Cache kept : caches) {
      cache.put(kept.past(), tensor(result, kept.present()));
    }
    return new State(length, Optional.of(result), cache);
  }

  private static OnnxTensor tensor(OrtSession.Result result, String name) {
    return (OnnxTensor) result.get(name).orElseThrow();
  }

  /**
   * Copies what the model expects after a token of the last step.
   *
   * @param index among the kept ones, from 0
   */
  public void logits(int index, float[] into) {
    logits.get(index * vocabulary, into, 0, vocabulary);
  }

  /** A further output of the step that made the state, row by row. */
  public static float[] value(State state, String name) {
    FloatBuffer values = tensor(state.owner().orElseThrow(), name).getFloatBuffer();
    float[] copy = new float[values.remaining()];
    values.get(copy);
    return copy;
  }

  @Override
  public void close() {
    piece.close();
    always.values().forEach(OnnxTensor::close);
  }
}
