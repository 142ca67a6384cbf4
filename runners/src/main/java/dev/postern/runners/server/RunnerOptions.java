package dev.postern.runners.server;

import dev.postern.runners.engine.Device;
import dev.postern.runners.engine.EngineConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The command line of a runner. */
record RunnerOptions(
    String host,
    int port,
    boolean lifeline,
    List<ModelSource> models,
    long memoryBytes,
    Duration stepLimit,
    EngineConfig engine) {

  static final String USAGE =
      """
      usage: RunnerMain [options]
        --chat NAME=FOLDER    serve an imported generative model (may be given several times)
        --embed NAME=FOLDER   serve an embedding model: an .onnx file and its tokenizer.json
        --classify NAME=FOLDER  serve a classifier: these, and a config.json with its labels
        --rerank NAME=FOLDER  serve a reranker: the same with one label
        --memory SIZE         most memory of this process, such as 900m or 4g; unless told, four
                              fifths of the machine's. Models that do not fit together are loaded
                              when they are asked for, in the place of those least recently used
        --host HOST           address to serve; 127.0.0.1 unless told, and always without a token
        --port PORT           0, the default, takes a free one; it is printed as "listening PORT"
        --step-limit SECONDS  120; a model's step that takes longer hangs: the process ends with
                              code 75, for its supervisor to start it again
        --max-rows N          most answers generated at the same time by one model
        --max-waiting N       most requests queued behind them
        --max-context N       most tokens of prompt and answer, where the model has room for more
        --cache-mb N          most memory for keys and values of one model
        --threads N           threads that one step uses
        --device DEVICE       cpu, cuda:0, or auto: CUDA where it loads, for models in f16. On CUDA
                              the device's memory bounds the models, instead of --memory
        --stdin-lifeline      end when standard input is closed, as it is when the parent dies
      The bearer token that callers must send is taken from POSTERN_RUNNER_TOKEN.\
      """;

  /** An allowance for what a runner's JVM takes beside its heap and its models. */
  private static final long OWN_BYTES = 192L << 20;

  /** The command line cannot be followed; the message says why. */
  static final class Wrong extends Exception {
    Wrong(String message) {
      super(message, null, false, false);
    }
  }

  static RunnerOptions parse(String... words) throws Wrong {
    var host = "127.0.0.1";
    int port = 0;
    boolean lifeline = false;
    var models = new ArrayList<ModelSource>();
    var engine = EngineConfig.defaults();
    var stepLimit = Duration.ofSeconds(120);
    long memory = EngineConfig.machineBytes() / 5 * 4;
    for (int i = 0; i < words.length; i++) {
      var flag = words[i];
      if (flag.equals("--stdin-lifeline")) {
        lifeline = true;
        continue;
      }
      @Nullable String value = i + 1 < words.length ? words[++i] : null;
      if (value == null) {
        throw new Wrong("unknown option, or one without its value: " + flag);
      }
      switch (flag) {
        case "--host" -> host = value;
        case "--port" -> port = number(flag, value, 0, 65_535);
        case "--chat" -> models.add(model(flag, value, ModelRole.CHAT));
        case "--embed" -> models.add(model(flag, value, ModelRole.EMBEDDING));
        case "--classify" -> models.add(model(flag, value, ModelRole.CLASSIFIER));
        case "--rerank" -> models.add(model(flag, value, ModelRole.RERANKER));
        case "--step-limit" -> stepLimit = Duration.ofSeconds(number(flag, value, 1, 86_400));
        case "--memory" -> memory = size(flag, value);
        case "--max-rows" -> engine = engine.withMaxRows(number(flag, value, 1, 1024));
        case "--max-waiting" -> engine = engine.withMaxWaiting(number(flag, value, 0, 1_000_000));
        case "--max-context" ->
            engine = engine.withMaxContext(number(flag, value, 16, Integer.MAX_VALUE));
        case "--cache-mb" ->
            engine = engine.withCacheBytes(number(flag, value, 1, 16_777_216) * 1024L * 1024L);
        case "--threads" -> engine = engine.withThreads(number(flag, value, 1, 1024));
        case "--device" -> engine = device(engine, value);
        default -> throw new Wrong("unknown option: " + flag);
      }
    }
    return new RunnerOptions(host, port, lifeline, models, memory, stepLimit, engine);
  }

  /** What all models may take together: of a device's memory, or of this process's. */
  long modelBytes(Device device) {
    if (!device.isProcessor()) {
      return device.freeBytes() / 10 * 9;
    }
    return Math.max(0, memoryBytes - Runtime.getRuntime().maxMemory() - OWN_BYTES);
  }

  private static ModelSource model(String flag, String value, ModelRole role) throws Wrong {
    int split = value.indexOf('=');
    if (split < 1 || split == value.length() - 1) {
      throw new Wrong(flag + " wants NAME=FOLDER, not " + value);
    }
    return new ModelSource(value.substring(0, split), role, Path.of(value.substring(split + 1)));
  }

  private static long size(String flag, String value) throws Wrong {
    var unit = value.substring(Math.max(0, value.length() - 1));
    int shift =
        switch (unit) {
          case "m" -> 20;
          case "g" -> 30;
          default -> throw new Wrong(flag + " wants a size such as 900m or 4g, not " + value);
        };
    return (long) number(flag, value.substring(0, value.length() - 1), 1, 1 << 20) << shift;
  }

  private static int number(String flag, String value, int min, int max) throws Wrong {
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new Wrong(flag + " wants a number, not " + value);
    }
    throw new Wrong("%s wants a number from %d to %d".formatted(flag, min, max));
  }

  private static EngineConfig device(EngineConfig engine, String value) throws Wrong {
    try {
      return engine.onDevice(value);
    } catch (IllegalArgumentException wrong) {
      throw new Wrong("--device: " + wrong.getMessage());
    }
  }
}
