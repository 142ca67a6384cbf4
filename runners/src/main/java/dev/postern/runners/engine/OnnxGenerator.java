package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import dev.postern.runners.adapter.AdapterMemory;
import dev.postern.runners.adapter.AdapterStore;
import dev.postern.runners.adapter.Adapters;
import dev.postern.runners.adapter.NoRoomForAdapterException;
import dev.postern.runners.adapter.UnknownAdapterException;
import dev.postern.runners.importer.ImportException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelManifest;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.onnx.RowInt8Format;
import dev.postern.runners.onnx.ServedFormat;
import dev.postern.runners.template.ChatTemplate;
import dev.postern.runners.template.Conversation;
import dev.postern.runners.tokenizer.ModelTokenizer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Generates with an imported model on ONNX Runtime. */
public final class OnnxGenerator implements Generator {
  /**
   * An allowance for activations on a device, and for what CUDA's libraries take for themselves.
   */
  public static final long DEVICE_WORKSPACE = 1L << 30;

  private static final long LEAST_ADAPTER_BYTES = 128L << 20;

  /** Adapters lie on the heap, most of which is for requests. */
  private static final long HEAP_OVER_ADAPTERS = 3;

  /** A rank of 64 for every product is some twentieth of a model's parameters, at 16 bits. */
  private static final int WEIGHTS_OVER_ADAPTERS = 4;

  private static final double PREPACKED = 1.5;

  /** Halves, which a processor keeps as floats beside what it has read. */
  private static final double WIDENED = 3;

  private static final AtomicInteger SESSIONS = new AtomicInteger();

  private final Path folder;
  private final Decoder decoder;
  private final String opener;
  private final EngineCpu cpu;
  private final @Nullable Adapters adapters;
  private final ModelTokenizer tokenizer;
  private final ChatTemplate template;
  private final EngineLoop loop;
  private final SecondSession second;
  private boolean openForAdapters;
  private final Thread thread;

  /**
   * Loads a model folder and starts its engine.
   *
   * @throws dev.postern.runners.importer.ImportException when the folder is not sound
   */
  public static OnnxGenerator open(Path modelFolder, EngineConfig config)
      throws IOException, OrtException {
    return open(modelFolder, config, AdapterMemory.UNBOUNDED);
  }

  /** The same, whose adapters take their memory from where they are told. */
  public static OnnxGenerator open(Path modelFolder, EngineConfig config, AdapterMemory memory)
      throws IOException, OrtException {
    long weights = ModelFolder.open(modelFolder).manifest().bytes();
    long most = Math.max(LEAST_ADAPTER_BYTES, weights / WEIGHTS_OVER_ADAPTERS);
    long heap = Runtime.getRuntime().maxMemory() / HEAP_OVER_ADAPTERS;
    return open(modelFolder, config, AdapterStore.ofUser(), Math.min(most, heap), memory);
  }

  /**
   * What weights take in the processor's memory, in ONNX Runtime's own order: measured, and rounded
   * up.
   */
  public static long packedBytes(ModelManifest manifest) {
    boolean halves = manifest.weights().equals(HalfFormat.NAME);
    return Math.round(manifest.bytes() * (halves ? WIDENED : PREPACKED));
  }

  /**
   * Loads a model folder and starts its engine.
   *
   * @param store of the adapters that requests name
   * @param adapterBytes most memory for adapters
   * @throws dev.postern.runners.importer.ImportException when the folder is not sound
   */
  public static OnnxGenerator open(
      Path modelFolder, EngineConfig config, AdapterStore store, long adapterBytes)
      throws IOException, OrtException {
    return open(modelFolder, config, store, adapterBytes, AdapterMemory.UNBOUNDED);
  }

  private static OnnxGenerator open(
      Path modelFolder,
      EngineConfig config,
      AdapterStore store,
      long adapterBytes,
      AdapterMemory memory)
      throws IOException, OrtException {
    ModelFolder folder = ModelFolder.open(modelFolder);
    ModelManifest manifest = folder.manifest();
    ModelManifest.Tokens tokens = manifest.tokens();
    // The weights and the vocabulary take about as long to read, so both are read at once.
    var vocabulary =
        CompletableFuture.supplyAsync(
            () ->
                tokenizer(
                    modelFolder.resolve(ModelFolder.TOKENIZER), tokens.first(), tokens.ends()),
            task -> Thread.ofPlatform().name("vocabulary").start(task));
    // A process's first trial takes some 0.2 s, in which the weights are read.
    var products =
        CompletableFuture.runAsync(
            () -> requireExactProducts(manifest.weights(), ServedFormat::bytesMultiplyExactly),
            task -> Thread.ofPlatform().name("products").start(task));
    Adapters adapters =
        manifest.files().containsKey(ModelFolder.ADAPTED_GRAPH)
            ? new Adapters(folder, store, adapterBytes, memory)
            : null;
    Decoder decoder = null;
    try {
      String opener = "onnx-" + SESSIONS.incrementAndGet();
      decoder = onThread(opener, () -> ProviderChoice.open(folder, config));
      EngineCpu cpu = EngineCpu.ofSessionOpenedBy(opener);
      join(products);
      ModelTokenizer tokenizer = join(vocabulary);
      return new OnnxGenerator(
          modelFolder,
          decoder,
          opener,
          adapters,
          new SecondSession(packedBytes(manifest), memory),
          tokenizer,
          template(manifest, tokenizer),
          config,
          cpu);
    } catch (OrtException | IOException | RuntimeException failure) {
      if (decoder != null) {
        decoder.close();
      }
      vocabulary.thenAccept(ModelTokenizer::close);
      throw failure;
    }
  }

  /**
   * A folder may come from another machine, and wrong products would not fail: they answer
   * nonsense.
   *
   * @param exact whether bytes multiply exactly on this processor; asked only where it matters
   */
  static void requireExactProducts(String format, BooleanSupplier exact) {
    if (format.equals(RowInt8Format.NAME) && !exact.getAsBoolean()) {
      throw ImportException.unsupported(
          "its weights are in the format int8, whose products this processor gets wrong; "
              + "import it again here, which takes a format that fits");
    }
  }

  /** A thread of its own, by whose name the session's threads are known: see {@link EngineCpu}. */
  private static <T> T onThread(String thread, Callable<T> action) throws OrtException {
    var opening = new FutureTask<>(action);
    Thread opener = Thread.ofPlatform().name(thread).start(opening);
    try {
      joinUninterruptibly(opener);
      return opening.resultNow();
    } catch (IllegalStateException failed) {
      switch (opening.exceptionNow()) {
        case OrtException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        default -> throw failed;
      }
    }
  }

  private static ModelTokenizer tokenizer(
      Path file, Optional<Integer> beginning, Set<Integer> ends) {
    try {
      return ModelTokenizer.open(file, beginning, ends);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static <T> T join(CompletableFuture<T> reading) throws IOException {
    try {
      return reading.join();
    } catch (CompletionException failure) {
      switch (failure.getCause()) {
        case UncheckedIOException cause -> throw cause.getCause();
        case RuntimeException cause -> throw cause;
        case null, default -> throw failure;
      }
    }
  }

  private static ChatTemplate template(ModelManifest manifest, ModelTokenizer tokenizer) {
    ModelManifest.Tokens tokens = manifest.tokens();
    String beginning = tokens.beginning() == null ? "" : tokenizer.piece(tokens.beginning());
    String end = tokens.end() == null ? "" : tokenizer.piece(tokens.end());
    String text = manifest.chatTemplate();
    return text == null
        ? ChatTemplate.without(knows(tokenizer, ChatTemplate.CHATML_TURN), beginning, end)
        : ChatTemplate.parse(text, beginning, end);
  }

  private static boolean knows(ModelTokenizer tokenizer, String token) {
    return IntStream.range(0, tokenizer.vocabularySize())
        .anyMatch(id -> tokenizer.piece(id).equals(token));
  }

  private OnnxGenerator(
      Path folder,
      Decoder decoder,
      String opener,
      @Nullable Adapters adapters,
      SecondSession second,
      ModelTokenizer tokenizer,
      ChatTemplate template,
      EngineConfig config,
      EngineCpu cpu) {
    this.folder = folder;
    this.decoder = decoder;
    this.opener = opener;
    this.cpu = cpu;
    this.adapters = adapters;
    this.second = second;
    this.tokenizer = tokenizer;
    this.template = template;
    this.loop =
        new EngineLoop(
            decoder,
            tokenizer::endsGeneration,
            config.prefillChunk(),
            config.maxWaiting(),
            config.guessing(),
            cpu);
    this.thread = Thread.ofPlatform().name("engine").daemon().start(loop);
  }

  @Override
  public int contextLength() {
    return decoder.contextLength();
  }

  @Override
  public Optional<Path> modelFolder() {
    return Optional.of(folder);
  }

  @Override
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public String renderChat(Conversation conversation) {
    return template.render(conversation);
  }

  @Override
  public List<String> chatStops() {
    return template.stops();
  }

  @Override
  public String chatTemplate() {
    return template.source();
  }

  @Override
  public Generation submit(Request request, Listener listener) {
    int length = request.prompt().length;
    int room = decoder.contextLength() - length;
    if (length == 0) {
      throw new IllegalArgumentException("the prompt is empty");
    }
    if (room < 0 || room == 0 && request.maxTokens() > 0) {
      throw new IllegalArgumentException(
          "the prompt's %d tokens leave no room in a context of %d"
              .formatted(length, decoder.contextLength()));
    }
    for (int id : request.prompt()) {
      if (id < 0 || id >= decoder.vocabulary()) {
        throw new IllegalArgumentException("token " + id + " is not in the vocabulary");
      }
    }
    int maxTokens = Math.min(request.maxTokens(), room);
    Adapters.Lease lease = request.adapter() == null ? null : lease(request.adapter());
    try {
      var row =
          new Row(
              request,
              maxTokens,
              lease == null ? 0 : lease.handle(),
              lease == null ? listener : new Leasing(listener, lease),
              loop::wake,
              System.nanoTime());
      loop.submit(row);
      return row;
    } catch (RuntimeException refusal) {
      if (lease != null) {
        lease.close();
      }
      throw refusal;
    }
  }

  private Adapters.Lease lease(String digest) {
    if (adapters == null) {
      throw new UnknownAdapterException(digest);
    }
    try {
      openForAdapters();
      return adapters.lease(digest);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    } catch (OrtException failure) {
      throw new IllegalStateException(failure);
    }
  }

  /**
   * What the session that runs adapters takes when the first one comes.
   *
   * @param bytes of weights, packed once more
   */
  private record SecondSession(long bytes, AdapterMemory memory) {}

  private synchronized void openForAdapters() throws OrtException, IOException {
    if (!openForAdapters) {
      if (!second.memory().take(second.bytes())) {
        throw new NoRoomForAdapterException(second.bytes());
      }
      boolean opened = false;
      try {
        opened =
            onThread(
                opener,
                () -> {
                  decoder.openForAdapters();
                  return true;
                });
      } finally {
        if (!opened) {
          second.memory().give(second.bytes());
        }
      }
      cpu.lookForThreads();
      openForAdapters = opened;
    }
  }

  /** Gives the adapter back when its generation has ended. */
  private record Leasing(Listener listener, Adapters.Lease lease) implements Listener {
    @Override
    public void onPrompt(List<Token> scored) {
      listener.onPrompt(scored);
    }

    @Override
    public void onToken(Token token) {
      listener.onToken(token);
    }

    @Override
    public void onEnd(FinishReason reason, Timings timings) {
      lease.close();
      listener.onEnd(reason, timings);
    }

    @Override
    public void onFailure(Throwable cause) {
      lease.close();
      listener.onFailure(cause);
    }
  }

  @Override
  public Optional<Adapters> adapters() {
    return Optional.ofNullable(adapters);
  }

  @Override
  public void prepare(String adapter) {
    lease(adapter).close();
  }

  @Override
  public Load load() {
    return loop.load();
  }

  @Override
  public Duration step() {
    return loop.steps().running();
  }

  @Override
  public Counters counters() {
    return loop.counters();
  }

  @Override
  public void close() {
    loop.close();
    joinUninterruptibly(thread);
    if (adapters != null) {
      adapters.close();
    }
    tokenizer.close();
  }

  private static void joinUninterruptibly(Thread thread) {
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException interruption) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
