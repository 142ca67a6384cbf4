package dev.postern.runners.server;

import ai.onnxruntime.OrtException;
import dev.postern.runners.encoder.EncoderLimits;
import dev.postern.runners.encoder.EncoderRole;
import dev.postern.runners.encoder.OnnxEncoder;
import dev.postern.runners.engine.EngineConfig;
import dev.postern.runners.engine.OnnxGenerator;
import dev.postern.runners.importer.EncoderFolder;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.HalfFormat;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * Loads models into ONNX Runtime.
 *
 * @param memory that adapters take from when they are loaded
 */
record OnnxModels(EngineConfig engine, MemoryBudget memory) implements ModelLoader {
  private static final int FINGERPRINT = 12;

  /**
   * Weights in ONNX Runtime's own order, over their bytes on disk, rounded up: with {@link
   * #WORKSPACE} it covers what the README says of one model in two formats, but for peaks.
   */
  private static final double PREPACKED = 1.5;

  /** An allowance for activations, tokenizer and session of one model beside its weights. */
  private static final long WORKSPACE = 64L << 20;

  /** Positions whose logits lie in memory when a prompt is scored. */
  private static final int SCORED_ROWS = 32;

  private static final int READ = 1 << 20;

  @Override
  public ModelFacts inspect(ModelSource source) throws IOException {
    requireFolder(source.folder());
    return switch (source.role()) {
      case CHAT -> {
        var folder = ModelFolder.open(source.folder());
        var manifest = folder.manifest();
        var shape = manifest.architecture();
        long context = Math.min(manifest.contextLength(), engine.maxContext());
        boolean halves = manifest.weights().equals(HalfFormat.NAME);
        long row = context * shape.cacheBytesPerToken() / (halves ? 2 : 1);
        long logits =
            (long) Math.max(engine.maxRows(), SCORED_ROWS) * shape.vocabulary() * Float.BYTES;
        yield new ModelFacts(
            folder.digest(),
            (int) context,
            new Footprint(
                halves && onDevice()
                    ? manifest.bytes() + OnnxGenerator.DEVICE_WORKSPACE
                    : OnnxGenerator.packedBytes(manifest) + WORKSPACE + logits,
                row,
                Math.max(row, Math.min(engine.cacheBytes(), engine.maxRows() * row))));
      }
      case EMBEDDING, CLASSIFIER, RERANKER ->
          new ModelFacts(
              EncoderFolder.identity(source.folder()),
              EncoderFolder.settings(source.folder()).maxTokens(),
              new Footprint(inMemory(bytes(files(source.folder()))), 0, 0));
    };
  }

  /** Whether models that can run on a device do; its memory is then what is divided. */
  private boolean onDevice() {
    return engine.provider() != EngineConfig.Provider.CPU;
  }

  private static long inMemory(long onDisk) {
    return Math.round(onDisk * PREPACKED) + WORKSPACE;
  }

  @Override
  public LoadedModel load(ModelSource source, long cacheBytes, Progress progress) throws Exception {
    var name = source.name();
    var folder = source.folder();
    readAhead(files(folder), progress);
    return switch (source.role()) {
      case CHAT -> {
        var digest = ModelFolder.open(folder).digest();
        var adapters = memory.share();
        var generator = OnnxGenerator.open(folder, engine.withCacheBytes(cacheBytes), adapters);
        yield LoadedModel.Generative.of(name, generator, fingerprint(digest), adapters);
      }
      case EMBEDDING -> encoder(name, EncoderRole.EMBEDDING, folder);
      case CLASSIFIER -> encoder(name, EncoderRole.CLASSIFIER, folder);
      case RERANKER -> encoder(name, EncoderRole.RERANKER, folder);
    };
  }

  private static LoadedModel encoder(String name, EncoderRole role, Path folder)
      throws IOException, OrtException {
    var settings = EncoderFolder.settings(folder);
    if (settings.role() != role) {
      throw new IOException(
          "%s is for %s, not for %s".formatted(name, settings.role().work(), role.work()));
    }
    return new LoadedModel.Encoding(
        name, OnnxEncoder.open(folder, settings, EncoderLimits.defaults()));
  }

  /**
   * Reads every byte once, which ONNX Runtime would do anyway, but without saying how far it is and
   * in the middle of other work: a slow or broken disk shows here.
   */
  private static void readAhead(List<Path> files, Progress progress) throws IOException {
    long all = Math.max(1, bytes(files));
    long read = 0;
    var buffer = ByteBuffer.allocateDirect(READ);
    for (var file : files) {
      try (var channel = FileChannel.open(file, StandardOpenOption.READ)) {
        for (int count = channel.read(buffer); count >= 0; count = channel.read(buffer)) {
          read += count;
          progress.at((double) read / all);
          buffer.clear();
        }
      }
    }
  }

  private static List<Path> files(Path folder) throws IOException {
    try (var entries = Files.list(folder)) {
      return entries.filter(Files::isRegularFile).toList();
    }
  }

  private static long bytes(List<Path> files) throws IOException {
    long bytes = 0;
    for (var file : files) {
      bytes += Files.size(file);
    }
    return bytes;
  }

  private static void requireFolder(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(folder.toString(), null, "there is no such folder");
    }
  }

  static String fingerprint(String digest) {
    var hex = digest.substring(digest.indexOf(':') + 1);
    return "fp_" + hex.substring(0, Math.min(FINGERPRINT, hex.length()));
  }
}
