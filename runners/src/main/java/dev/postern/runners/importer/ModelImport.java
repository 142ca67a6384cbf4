package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import dev.postern.runners.importer.ImportProgress.Phase;
import dev.postern.runners.importer.ModelManifest.Entry;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.TensorType;
import dev.postern.runners.onnx.WeightFile;
import dev.postern.runners.template.ChatTemplate;
import dev.postern.runners.template.TemplateSyntaxException;
import dev.postern.runners.tokenizer.ModelTokenizer;
import dev.postern.runners.tokenizer.UnsoundTokenizerException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Turns models of the formats people have into model folders under {@code <cache>/models/<digest>}.
 * A folder appears whole or not at all, and the same source is only converted once.
 */
public final class ModelImport {
  /** How folders are called while they are made. */
  static final String WORK = ".import-";

  /** What a folder may hold; only some formats scale channels or have places for adapters. */
  private static final List<String> FILES =
      List.of(
          ModelFolder.GRAPH,
          ModelFolder.ADAPTED_GRAPH,
          ModelFolder.WEIGHTS,
          ModelFolder.CHANNELS,
          ModelFolder.TOKENIZER);


  private final Path models;
  private final LinearFormat format;

  /**
   * @param cache shared by all that import; made when absent
   * @param format how weight matrices are kept
   */
  public ModelImport(Path cache, LinearFormat format) {
    this.models = cache.resolve("models");
    this.format = format;
  }

  /**
   * @param path a GGUF file, a folder of safetensors, or one of an ONNX export
   * @param origin where it came from, for the model's card; null when a person gave the file
   * @throws ImportException when the source is not sound or not supported
   */
  public ModelFolder run(Path path, @Nullable String origin, ImportProgress progress)
      throws IOException {
    Files.createDirectories(models);
    if (DecoderExport.is(path)) {
      DecoderExport export = DecoderExport.open(path);
      return once(
          export.files(),
          DecoderExport.FORMAT,
          progress,
          (identity, work) -> convert(export, identity, origin, work, progress));
    }
    try (DecoderSource source = DecoderSource.open(path)) {
      return once(
          source.files(),
          format.name(),
          progress,
          (identity, work) -> convert(source, identity, origin, work, progress));
    }
  }

  /** Removes what imports left in a cache whose processes were killed. */
  public static void clearLeftovers(Path cache) throws IOException {
    Path models = cache.resolve("models");
    if (Files.isDirectory(models)) {
      WorkFolder.sweep(models, WORK);
    }
  }

  /** Fills a work folder from a source. */
  private interface Conversion {
    void into(Entry identity, Path work) throws IOException;
  }

  /** The folder that an earlier import of these files made, or a new one. */
  private ModelFolder once(
      List<Path> files, String weights, ImportProgress progress, Conversion conversion)
      throws IOException {
    Entry identity = identity(files, progress);
    Optional<ModelFolder> earlier = find(identity.sha256(), weights);
    if (earlier.isPresent()) {
      return earlier.get();
    }
    try (var work = WorkFolder.create(models, WORK)) {
      conversion.into(identity, work.path());
      Path folder = publish(work.path());
      remember(known(identity.sha256(), weights), folder);
      return ModelFolder.open(folder);
    } catch (IOException failure) {
      throw ImportException.unfinished(failure);
    }
  }

  /** The digest of one file, or of the list of several with theirs. */
  private static Entry identity(List<Path> files, ImportProgress progress) throws IOException {
    long size = 0;
    for (Path file : files) {
      size += Files.size(file);
    }
    long total = size;
    long before = 0;
    var list = new StringBuilder();
    String sha256 = "";
    for (Path file : files) {
      long start = before;
      sha256 = Digests.hex(file, done -> progress.at(Phase.IDENTIFY, start + done, total));
      list.append(sha256).append("  ").append(file.getFileName()).append('\n');
      before += Files.size(file);
    }
    return new Entry(
        files.size() == 1 ? sha256 : Digests.hex(list.toString().getBytes(StandardCharsets.UTF_8)),
        total);
  }

  private Path known(String sha256, String weights) {
    return models.resolve("by-source").resolve(sha256 + "-" + weights);
  }

  /**
   * The folder that an earlier import of the same source and format made.
   *
   * @param sha256 of the source file, lower-case hexadecimal
   */
  public Optional<ModelFolder> find(String sha256) throws IOException {
    return find(sha256, format.name());
  }

  private Optional<ModelFolder> find(String sha256, String weights) throws IOException {
    Path known = known(sha256, weights);
    if (!Files.isRegularFile(known)) {
      return Optional.empty();
    }
    Path folder = models.resolve(Files.readString(known).strip());
    if (!Files.isRegularFile(folder.resolve(ModelFolder.MANIFEST))) {
      return Optional.empty();
    }
    try {
      return Optional.of(ModelFolder.open(folder));
    } catch (ImportException damaged) {
      // Converting again replaces it.
      Trees.delete(folder);
      return Optional.empty();
    }
  }

  private void convert(
      DecoderSource source,
      Entry identity,
      @Nullable String origin,
      Path work,
      ImportProgress progress)
      throws IOException {
    DecoderSource.Facts facts = source.facts();
    requireRenderable(facts.chatTemplate());
    ModelManifest.Tokens tokens = source.tokenizer(work.resolve(ModelFolder.TOKENIZER));
    requireUsable(work.resolve(ModelFolder.TOKENIZER));
    graph(source, tokens, facts.chatTemplate(), work, progress);
    var manifest =
        new ModelManifest(
            ModelManifest.FORMAT,
            DisplayName.of(facts.name()),
            "chat",
            format.name(),
            source.config(),
            source.tensors().values().stream().mapToLong(StoredTensor::elements).sum(),
            source.config().contextLength(),
            identity,
            origin,
            facts.licence(),
            facts.chatTemplate(),
            tokens,
            Entry.seal(work, FILES, progress));
    write(manifest, work);
  }

  private static void convert(
      DecoderExport export,
      Entry identity,
      @Nullable String origin,
      Path work,
      ImportProgress progress)
      throws IOException {
    String template = export.chatTemplate();
    requireRenderable(template);
    DecoderExport.Written written = export.write(work, progress);
    requireUsable(work.resolve(ModelFolder.TOKENIZER));
    write(
        new ModelManifest(
            ModelManifest.FORMAT,
            DisplayName.of(export.name()),
            "chat",
            DecoderExport.FORMAT,
            export.config(),
            export.parameters(),
            export.config().contextLength(),
            identity,
            origin,
            null,
            template,
            written.tokens(),
            Entry.seal(work, written.files(), progress)),
        work);
  }

  private static void write(ModelManifest manifest, Path work) throws IOException {
    Files.write(work.resolve(ModelFolder.MANIFEST), ModelFolder.JSON.writeValueAsBytes(manifest));
  }

  private void graph(
      DecoderSource source,
      ModelManifest.Tokens tokens,
      @Nullable String template,
      Path work,
      ImportProgress progress)
      throws IOException {
    long total =
        source.tensors().values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
    long[] done = {0};
    NamedWeights weights =
        source.weights(bytes -> progress.at(Phase.CONVERT, done[0] += bytes, total));
    var plan = new Smoothing.Plan(weights, source.config());
    try (var file = new WeightFile(work.resolve(ModelFolder.WEIGHTS))) {
      if (format.wantsEvenInputs()) {
        plan = Smoothing.plan(plan, texts(tokens, template, work), work);
      }
      var graph = new OnnxGraph("decoder", file);
      new DecoderGraph(plan.weights(), plan.config(), format, graph).emit();
      weights.refuseUnused(source.readElsewhere());
      graph.write(work.resolve(ModelFolder.GRAPH));
      if (format.inside() == TensorType.FLOAT) {
        graph.writeAdapted(work.resolve(ModelFolder.ADAPTED_GRAPH));
      }
    } catch (IllegalArgumentException shape) {
      throw malformed(String.valueOf(shape.getMessage()));
    }
    progress.at(Phase.CONVERT, total, total);
  }

  private static List<int[]> texts(
      ModelManifest.Tokens tokens, @Nullable String template, Path work) throws IOException {
    try (var tokenizer =
        ModelTokenizer.open(work.resolve(ModelFolder.TOKENIZER), tokens.first(), tokens.ends())) {
      return CalibrationTexts.tokens(
          tokenizer, template == null ? null : ChatTemplate.parse(template, "", ""));
    }
  }

  private static void requireRenderable(@Nullable String template) {
    if (template == null) {
      return;
    }
    try {
      ChatTemplate.parse(template, "", "");
    } catch (TemplateSyntaxException failure) {
      throw ImportException.unsupported("in its chat template " + failure.getMessage());
    }
  }

  /** Opens a tokenizer once, as a runner will: only the library that runs it knows all it wants. */
  private static void requireUsable(Path tokenizer) throws IOException {
    try (var _ = ModelTokenizer.open(tokenizer, Optional.empty(), Set.of())) {
      return;
    } catch (UnsoundTokenizerException failure) {
      throw malformed("of its tokenizer.json: " + failure.getMessage());
    }
  }

  private Path publish(Path work) throws IOException {
    String digest = Digests.hex(Files.readAllBytes(work.resolve(ModelFolder.MANIFEST)));
    Path folder = models.resolve(digest);
    Trees.publish(work, folder);
    return folder;
  }

  private static void remember(Path known, Path folder) throws IOException {
    Files.createDirectories(known.getParent());
    Path fresh = Files.createTempFile(known.getParent(), ".new-", "");
    Files.writeString(fresh, folder.getFileName().toString(), StandardCharsets.US_ASCII);
    Files.move(fresh, known, StandardCopyOption.ATOMIC_MOVE);
  }
}
