package dev.postern.runners.encoder;

import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import dev.postern.runners.encoder.Encoder.Input;
import java.io.IOException;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** One encoder graph in a session: a batch in, a row of numbers for each input out. */
final class EncoderGraph implements AutoCloseable {
  /** What exports call the states of the tokens or, the first, the vector that the graph pooled. */
  private static final List<String> STATES =
      List.of("sentence_embedding", "last_hidden_state", "token_embeddings");

  private static final Set<String> INPUTS = Set.of("input_ids", "attention_mask", "token_type_ids");

  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final Map<String, OnnxJavaType> inputs = new HashMap<>();
  private final String output;
  private final Pooling pooling;

  EncoderGraph(Path file, EncoderSettings settings, int threads) throws IOException, OrtException {
    pooling = settings.pooling();
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(threads);
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      session = environment.createSession(file.toString(), options);
    }
    try {
      for (var input : session.getInputInfo().entrySet()) {
        inputs.put(input.getKey(), type(input.getKey(), input.getValue().getInfo()));
      }
      output = output(settings.role(), List.copyOf(session.getOutputNames()));
    } catch (IOException | OrtException | RuntimeException e) {
      session.close();
      throw e;
    }
  }

  private static OnnxJavaType type(String name, Object info) throws IOException {
    if (INPUTS.contains(name)
        && info instanceof TensorInfo tensor
        && (tensor.type == OnnxJavaType.INT64 || tensor.type == OnnxJavaType.INT32)) {
      return tensor.type;
    }
    throw new IOException(
        "the graph wants the input %s, of which an encoder knows nothing".formatted(name));
  }

  private static String output(EncoderRole role, List<String> names) throws IOException {
    return switch (role) {
      case EMBEDDING -> {
        var known = STATES.stream().filter(names::contains).findFirst();
        if (known.isEmpty() && names.size() > 1) {
          throw new IOException(
              "the graph gives %s, of which none is called %s"
                  .formatted(names, String.join(" or ", STATES)));
        }
        yield known.orElse(names.getFirst());
      }
      case CLASSIFIER, RERANKER -> {
        if (!names.contains("logits")) {
          throw new IOException(
              "the graph gives %s where a %s gives logits".formatted(names, role.word()));
        }
        yield "logits";
      }
    };
  }

  /** One row for each input; all are padded to the longest. */
  List<float[]> run(List<Input> batch) throws OrtException {
    int length = batch.stream().mapToInt(Input::length).max().orElse(0);
    Map<String, OnnxTensor> feeds = new HashMap<>();
    try {
      for (var input : inputs.entrySet()) {
        feeds.put(input.getKey(), tensor(input.getKey(), input.getValue(), batch, length));
      }
      try (var result = session.run(feeds, Set.of(output))) {
        return rows(result.get(0), pooling, batch, length);
      }
    } finally {
      feeds.values().forEach(OnnxTensor::close);
    }
  }

  private OnnxTensor tensor(String name, OnnxJavaType type, List<Input> batch, int length)
      throws OrtException {
    long[] shape = {batch.size(), length};
    var values = new long[batch.size() * length];
    for (int row = 0; row < batch.size(); row++) {
      var input = batch.get(row);
      for (int i = 0; i < input.length(); i++) {
        values[row * length + i] =
            switch (name) {
              case "input_ids" -> input.ids()[i];
              case "token_type_ids" -> input.segments()[i];
              default -> 1;
            };
      }
    }
    if (type == OnnxJavaType.INT64) {
      return OnnxTensor.createTensor(environment, LongBuffer.wrap(values), shape);
    }
    var narrow = IntBuffer.allocate(values.length);
    for (int i = 0; i < values.length; i++) {
      narrow.put(i, (int) values[i]);
    }
    return OnnxTensor.createTensor(environment, narrow, shape);
  }

  private static List<float[]> rows(
      OnnxValue value, Pooling pooling, List<Input> batch, int length) {
    long[] shape = value.getInfo() instanceof TensorInfo info ? info.getShape() : new long[0];
    boolean perToken = shape.length == 3;
    var numbers = value instanceof OnnxTensor tensor ? tensor.getFloatBuffer() : null;
    int width = shape.length == 0 ? 0 : (int) shape[shape.length - 1];
    if (numbers == null
        || shape.length < 2
        || numbers.limit() != (long) batch.size() * width * (perToken ? length : 1)) {
      throw new IllegalStateException("the graph's output has an unexpected shape or type");
    }
    var rows = new ArrayList<float[]>();
    for (int row = 0; row < batch.size(); row++) {
      if (perToken) {
        int count =
            switch (pooling) {
              case MEAN -> batch.get(row).length();
              case FIRST -> 1;
            };
        rows.add(Vectors.mean(numbers, row * length * width, count, width));
      } else {
        rows.add(Vectors.mean(numbers, row * width, 1, width));
      }
    }
    return rows;
  }

  @Override
  public void close() throws OrtException {
    session.close();
  }
}
