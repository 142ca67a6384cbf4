package dev.postern.runners.engine;

import ai.onnxruntime.OrtException;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelManifest;
import dev.postern.runners.template.ChatTemplate;
import dev.postern.runners.tokenizer.ModelTokenizer;
import dev.postern.runners.wire.ChatRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Generates with an imported model on ONNX Runtime. */
public final class OnnxGenerator implements Generator {
  private final Decoder decoder;
  private final ModelTokenizer tokenizer;
  private final ChatTemplate template;
  private final EngineLoop loop;
  private final Thread thread;

  /**
   * Loads a model folder and starts its engine.
   *
   * @throws dev.postern.runners.importer.ImportException when the folder is not sound
   */
  public static OnnxGenerator open(Path modelFolder, EngineConfig config)
      throws IOException, OrtException {
    ModelFolder folder = ModelFolder.open(modelFolder);
    ModelManifest manifest = folder.manifest();
    ModelManifest.Tokens tokens = manifest.tokens();
    Optional<Integer> beginning =
        tokens.begins() ? Optional.ofNullable(tokens.beginning()) : Optional.empty();
    // The weights and the vocabulary take about as long to read, so both are read at once.
    var vocabulary =
        CompletableFuture.supplyAsync(
            () -> tokenizer(modelFolder.resolve(ModelFolder.TOKENIZER), beginning, tokens.ends()),
            task -> Thread.ofPlatform().name("vocabulary").start(task));
    Decoder decoder = null;
    try {
      decoder =
          ProviderChoice.open(
              modelFolder.resolve(ModelFolder.GRAPH), config, manifest.contextLength());
      ModelTokenizer tokenizer = join(vocabulary);
      return new OnnxGenerator(decoder, tokenizer, template(manifest, tokenizer), config);
    } catch (OrtException | IOException | RuntimeException failure) {
      if (decoder != null) {
        decoder.close();
      }
      vocabulary.thenAccept(ModelTokenizer::close);
      throw failure;
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

  private static ModelTokenizer join(CompletableFuture<ModelTokenizer> reading) throws IOException {
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
        ? ChatTemplate.plain(beginning, end)
        : ChatTemplate.parse(text, beginning, end);
  }

  private OnnxGenerator(
      Decoder decoder, ModelTokenizer tokenizer, ChatTemplate template, EngineConfig config) {
    this.decoder = decoder;
    this.tokenizer = tokenizer;
    this.template = template;
    this.loop =
        new EngineLoop(
            decoder, tokenizer::endsGeneration, config.prefillChunk(), config.maxWaiting());
    this.thread = Thread.ofPlatform().name("engine").daemon().start(loop);
  }

  @Override
  public int contextLength() {
    return decoder.contextLength();
  }

  @Override
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  @Override
  public String renderChat(List<ChatRequest.Message> messages) {
    return template.render(messages);
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
    var row = new Row(request, maxTokens, listener, loop::wake, System.nanoTime());
    loop.submit(row);
    return row;
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
  public void close() {
    loop.close();
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException interruption) {
        interrupted = true;
      }
    }
    tokenizer.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
