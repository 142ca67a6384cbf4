package dev.postern.runners.encoder;

import ai.onnxruntime.OrtException;
import dev.postern.runners.RunnerException;
import dev.postern.runners.RunnerFailure;
import dev.postern.runners.engine.StepWatch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A BERT-like encoder. One thread of its own takes requests in order; the inputs of a request run
 * in batches of similar length, so that little is padded.
 *
 * <p>Requests never share a batch: a model with dynamic quantisation scales by the whole batch, and
 * nobody's numbers may depend on someone else's text.
 */
public final class OnnxEncoder implements Encoder {
  private static final Logger LOG = LoggerFactory.getLogger(OnnxEncoder.class);
  private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

  private final EncoderSettings settings;
  private final EncoderLimits limits;
  private final EncoderGraph graph;
  private final EncoderTokenizer tokenizer;
  private final int width;
  private final LinkedBlockingQueue<Job> queue = new LinkedBlockingQueue<>();
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final Thread thread;

  private final StepWatch steps = new StepWatch();

  private final Object lock = new Object();
  // Guarded by the lock.
  private int waitingTokens;
  private boolean closed;

  private record Job(
      List<Input> inputs, int tokens, long queuedAt, CompletableFuture<Rows> answer) {}

  /** Loads a folder's one {@code .onnx} file and its one {@code tokenizer.json}. */
  public static OnnxEncoder open(Path folder, EncoderSettings settings, EncoderLimits limits)
      throws IOException, OrtException {
    var graph = new EncoderGraph(only(folder, ".onnx"), settings, limits.threads());
    try {
      var tokenizer = new EncoderTokenizer(only(folder, "tokenizer.json"), settings.maxTokens());
      try {
        // The first run also shows that the graph takes what it will be given.
        int width = graph.run(List.of(tokenizer.text("", "input"))).getFirst().length;
        settings.requireWidth(width);
        return new OnnxEncoder(settings, limits, graph, tokenizer, width);
      } catch (IOException | OrtException | RuntimeException e) {
        tokenizer.close();
        throw e;
      }
    } catch (IOException | OrtException | RuntimeException e) {
      graph.close();
      throw e;
    }
  }

  private OnnxEncoder(
      EncoderSettings settings,
      EncoderLimits limits,
      EncoderGraph graph,
      EncoderTokenizer tokenizer,
      int width) {
    this.settings = settings;
    this.limits = limits;
    this.graph = graph;
    this.tokenizer = tokenizer;
    this.width = width;
    thread = Thread.ofPlatform().name("encoder").daemon().start(this::work);
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

  @Override
  public EncoderSettings settings() {
    return settings;
  }

  @Override
  public int width() {
    return width;
  }

  @Override
  public Input text(String text, String path) {
    return tokenizer.text(text, path);
  }

  @Override
  public Input pair(String query, String document, int documentTokens) {
    return tokenizer.pair(query, document, documentTokens);
  }

  @Override
  public Input framed(int[] ids, String path) {
    return tokenizer.framed(ids, path);
  }

  @Override
  public CompletableFuture<Rows> encode(List<Input> inputs) {
    int tokens = inputs.stream().mapToInt(Input::length).sum();
    var job = new Job(List.copyOf(inputs), tokens, System.nanoTime(), new CompletableFuture<>());
    synchronized (lock) {
      if (closed) {
        throw stopped();
      }
      if (waitingTokens > 0 && waitingTokens + tokens > limits.maxWaitingTokens()) {
        throw new RunnerException(new RunnerFailure.Overloaded("encoder", RETRY_AFTER));
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
    return new RunnerException(new RunnerFailure.Unavailable("encoder", RETRY_AFTER));
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
        graph.close();
      } catch (OrtException e) {
        LOG.warn("the session did not close cleanly", e);
      }
    }
  }

  private void run(Job job) throws InterruptedException {
    long started = System.nanoTime();
    long cpu = threads.getCurrentThreadCpuTime();
    try {
      var rows = new float[job.inputs().size()][];
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
          var values = graph.run(batch.stream().map(job.inputs()::get).toList());
          for (int i = 0; i < values.size(); i++) {
            rows[batch.get(i)] = values.get(i);
          }
        } finally {
          steps.end();
        }
      }
      job.answer()
          .complete(
              new Rows(
                  List.of(rows),
                  job.tokens(),
                  (started - job.queuedAt()) / 1000,
                  (threads.getCurrentThreadCpuTime() - cpu) / 1000));
    } catch (OrtException | RuntimeException e) {
      LOG.error("a batch failed", e);
      job.answer().completeExceptionally(e);
    }
  }

  /** Indices of inputs of similar length, within the limits of one run. */
  private List<List<Integer>> batches(List<Input> inputs) {
    var byLength =
        IntStream.range(0, inputs.size())
            .boxed()
            .sorted(Comparator.comparingInt(i -> inputs.get(i).length()))
            .toList();
    var batches = new ArrayList<List<Integer>>();
    var batch = new ArrayList<Integer>();
    for (int i : byLength) {
      int padded = (batch.size() + 1) * inputs.get(i).length();
      if (!batch.isEmpty()
          && (padded > limits.batchTokens() || batch.size() == limits.batchRows())) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(i);
    }
    batches.add(batch);
    return batches;
  }
}
