package dev.postern.runners.embedding;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.engine.StepWatch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A BERT-like encoder with mean pooling. One thread of its own takes requests in order; the inputs
 * of a request run in batches of similar length, so that little is padded.
 *
 * <p>Requests never share a batch: a model with dynamic quantisation scales by the whole batch, and
 * nobody's vectors may depend on someone else's text.
 */
public final class OnnxEmbedder implements Embedder {
  private static final Logger LOG = LoggerFactory.getLogger(OnnxEmbedder.class);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);
  private static final int BERT_POSITIONS = 512;

  private final EmbedderConfig config;
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final OrtSession session;
  private final SentenceTokenizer tokenizer;
  private final int maxTokens;
  private final int dimensions;
  private final LinkedBlockingQueue<Job> queue = new LinkedBlockingQueue<>();
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final Thread thread;

  private final StepWatch steps = new StepWatch();

  private final Object lock = new Object();
  // Guarded by the lock.
  private int waitingTokens;
  private boolean closed;

  private record Job(
      List<int[]> inputs,
      int tokens,
      @Nullable Integer dimensions,
      long queuedAt,
      CompletableFuture<Embeddings> answer) {}

  /** Loads a folder's one {@code .onnx} file and its one {@code tokenizer.json}. */
  public static OnnxEmbedder open(Path folder, EmbedderConfig config)
      throws IOException, OrtException {
    int maxTokens = maxTokens(folder.resolve("config.json"));
    var graph = only(folder, ".onnx");
    var tokenizer = new SentenceTokenizer(only(folder, "tokenizer.json"), maxTokens);
    try {
      return new OnnxEmbedder(graph, tokenizer, maxTokens, config);
    } catch (OrtException | RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  private OnnxEmbedder(
      Path graph, SentenceTokenizer tokenizer, int maxTokens, EmbedderConfig config)
      throws OrtException {
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
    this.config = config;
    try (var options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(config.threads());
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      session = environment.createSession(graph.toString(), options);
    }
    var output = session.getOutputInfo().values().iterator().next().getInfo();
    var shape = ((TensorInfo) output).getShape();
    dimensions = (int) shape[shape.length - 1];
    thread = Thread.ofPlatform().name("embedder").daemon().start(this::work);
  }

  private static Path only(Path folder, String ending) throws IOException {
    try (var files = Files.list(folder)) {
      var found = files.filter(file -> file.toString().endsWith(ending)).toList();
      if (found.size() != 1) {
        throw new IOException(
            "%d files in %s end with %s, one is needed".formatted(found.size(), folder, ending));
      }
      return found.getFirst();
    }
  }

  private static int maxTokens(Path modelConfig) throws IOException {
    return Files.isRegularFile(modelConfig)
        ? new ObjectMapper()
            .readTree(modelConfig.toFile())
            .path("max_position_embeddings")
            .asInt(BERT_POSITIONS)
        : BERT_POSITIONS;
  }

  @Override
  public int dimensions() {
    return dimensions;
  }

  @Override
  public int maxTokens() {
    return maxTokens;
  }

  @Override
  public int[] tokenize(String text, String path) {
    return tokenizer.encode(text, path);
  }

  @Override
  public int[] frame(int[] ids, String path) {
    return tokenizer.frame(ids, path);
  }

  @Override
  public CompletableFuture<Embeddings> embed(List<int[]> inputs, @Nullable Integer dimensions) {
    int tokens = inputs.stream().mapToInt(input -> input.length).sum();
    var job =
        new Job(
            List.copyOf(inputs), tokens, dimensions, System.nanoTime(), new CompletableFuture<>());
    synchronized (lock) {
      if (closed) {
        throw stopped();
      }
      if (waitingTokens > 0 && waitingTokens + tokens > config.maxWaitingTokens()) {
        throw new RunnerException(new RunnerFailure.Overloaded("embedder", RETRY_AFTER));
      }
      waitingTokens += tokens;
      queue.add(job);
    }
    return job.answer();
  }

  @Override
  public Duration step() {
    return steps.running();
  }

  @Override
  public int waitingTokens() {
    synchronized (lock) {
      return waitingTokens;
    }
  }

  /** Ends after the batch at work; what waits fails. */
  @Override
  public void close() {
    synchronized (lock) {
      if (closed) {
        return;
      }
      closed = true;
    }
    thread.interrupt();
  }

  private static RunnerException stopped() {
    return new RunnerException(new RunnerFailure.Unavailable("embedder", RETRY_AFTER));
  }

  private void work() {
    try {
      while (true) {
        var job = queue.take();
        run(job);
        synchronized (lock) {
          waitingTokens -= job.tokens();
        }
      }
    } catch (InterruptedException e) {
      queue.forEach(job -> job.answer().completeExceptionally(stopped()));
    } finally {
      tokenizer.close();
      try {
        session.close();
      } catch (OrtException e) {
        LOG.warn("the session did not close cleanly", e);
      }
    }
  }

  private void run(Job job) throws InterruptedException {
    long started = System.nanoTime();
    long cpu = threads.getCurrentThreadCpuTime();
    try {
      var vectors = new float[job.inputs().size()][];
      for (var batch : batches(job.inputs())) {
        if (Thread.interrupted()) {
          job.answer().completeExceptionally(stopped());
          throw new InterruptedException();
        }
        if (job.answer().isCancelled()) {
          return;
        }
        steps.begin();
        try {
          runBatch(job, batch, vectors);
        } finally {
          steps.end();
        }
      }
      job.answer()
          .complete(
              new Embeddings(
                  List.of(vectors),
                  job.tokens(),
                  (started - job.queuedAt()) / 1000,
                  (threads.getCurrentThreadCpuTime() - cpu) / 1000));
    } catch (OrtException | RuntimeException e) {
      LOG.error("a batch failed", e);
      job.answer().completeExceptionally(e);
    }
  }

  /** Indices of inputs of similar length, within the limits of one run. */
  private List<List<Integer>> batches(List<int[]> inputs) {
    var byLength =
        IntStream.range(0, inputs.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> inputs.get(i).length))
            .toList();
    var batches = new ArrayList<List<Integer>>();
    var batch = new ArrayList<Integer>();
    for (int i : byLength) {
      int padded = (batch.size() + 1) * inputs.get(i).length;
      if (!batch.isEmpty()
          && (padded > config.batchTokens() || batch.size() == config.batchRows())) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(i);
    }
    batches.add(batch);
    return batches;
  }

  private void runBatch(Job job, List<Integer> rows, float[][] vectors) throws OrtException {
    int length = job.inputs().get(rows.getLast()).length;
    var ids = LongBuffer.allocate(rows.size() * length);
    var mask = LongBuffer.allocate(rows.size() * length);
    for (int row = 0; row < rows.size(); row++) {
      var input = job.inputs().get(rows.get(row));
      for (int i = 0; i < input.length; i++) {
        ids.put(row * length + i, input[i]);
        mask.put(row * length + i, 1);
      }
    }
    long[] shape = {rows.size(), length};
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      for (var name : session.getInputNames()) {
        var values =
            switch (name) {
              case "input_ids" -> ids;
              case "attention_mask" -> mask;
              case "token_type_ids" -> LongBuffer.allocate(rows.size() * length);
              default -> throw new IllegalStateException("the model wants an input " + name);
            };
        inputs.put(name, OnnxTensor.createTensor(environment, values, shape));
      }
      try (var result = session.run(inputs)) {
        var states = ((OnnxTensor) result.get(0)).getFloatBuffer();
        for (int row = 0; row < rows.size(); row++) {
          int input = rows.get(row);
          var mean =
              Vectors.mean(
                  states, row * length * dimensions, job.inputs().get(input).length, dimensions);
          vectors[input] = Vectors.shorten(mean, job.dimensions());
        }
      }
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }
}
