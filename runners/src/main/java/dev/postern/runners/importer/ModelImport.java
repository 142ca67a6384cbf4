package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import dev.postern.runners.importer.ImportProgress.Phase;
import dev.postern.runners.importer.ModelManifest.Entry;
import dev.postern.runners.onnx.LinearFormat;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.WeightFile;
import dev.postern.runners.template.ChatTemplate;
import dev.postern.runners.template.TemplateSyntaxException;
import dev.postern.runners.tokenizer.TokenizerJson;
import dev.postern.runners.tokenizer.Vocabulary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Turns GGUF files of decoders into model folders under {@code <cache>/models/<digest>}. A folder
 * appears whole or not at all, and the same source is only converted once.
 */
public final class ModelImport {
  private static final int MAX_NAME = 200;

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
   * @param file the GGUF
   * @param origin where it came from, for the model's card; null when a person gave the file
   * @throws ImportException when the file is not sound or not supported
   */
  public ModelFolder run(Path file, @Nullable String origin, ImportProgress progress)
      throws IOException {
    Files.createDirectories(models);
    long size = Files.size(file);
    String sha256 = Digests.hex(file, done -> progress.at(Phase.IDENTIFY, done, size));
    Optional<ModelFolder> earlier = find(sha256);
    if (earlier.isPresent()) {
      return earlier.get();
    }
    Path work = Files.createTempDirectory(models, ".import-");
    try {
      convert(file, new Entry(sha256, size), origin, work, progress);
      Path folder = publish(work);
      remember(known(sha256), folder);
      return ModelFolder.open(folder);
    } finally {
      Trees.delete(work);
    }
  }

  private Path known(String sha256) {
    return models.resolve("by-source").resolve(sha256 + "-" + format.name());
  }

  /**
   * The folder that an earlier import of the same source and format made.
   *
   * @param sha256 of the source file, lower-case hexadecimal
   */
  public Optional<ModelFolder> find(String sha256) throws IOException {
    Path known = known(sha256);
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
      Path file, Entry source, @Nullable String origin, Path work, ImportProgress progress)
      throws IOException {
    try (Gguf gguf = Gguf.open(file)) {
      var decoder = new GgufDecoder(gguf);
      DecoderConfig config = decoder.config();
      Vocabulary vocabulary = GgufVocabulary.read(gguf, config.vocabulary());
      graph(gguf, decoder, work, progress);
      TokenizerJson.write(vocabulary, work.resolve(ModelFolder.TOKENIZER));
      var manifest =
          new ModelManifest(
              ModelManifest.FORMAT,
              name(gguf, file),
              "chat",
              format.name(),
              config,
              gguf.tensors().values().stream().mapToLong(StoredTensor::elements).sum(),
              config.contextLength(),
              source,
              origin,
              gguf.string("general.license").orElse(null),
              template(gguf),
              GgufVocabulary.tokens(gguf, vocabulary),
              seal(work, progress));
      Files.write(work.resolve(ModelFolder.MANIFEST), ModelFolder.JSON.writeValueAsBytes(manifest));
    }
  }

  private void graph(Gguf gguf, GgufDecoder decoder, Path work, ImportProgress progress)
      throws IOException {
    long total =
        gguf.tensors().values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
    long[] done = {0};
    NamedWeights weights =
        decoder.weights(bytes -> progress.at(Phase.CONVERT, done[0] += bytes, total));
    try (var file = new WeightFile(work.resolve(ModelFolder.WEIGHTS))) {
      var graph = new OnnxGraph("decoder", file);
      new DecoderGraph(weights, decoder.config(), format, graph).emit();
      weights.refuseUnused(GgufDecoder.readElsewhere());
      graph.write(work.resolve(ModelFolder.GRAPH));
    } catch (IllegalArgumentException shape) {
      throw malformed(String.valueOf(shape.getMessage()));
    }
  }

  /** The chat template, known to be one that can be rendered. */
  private static @Nullable String template(Gguf gguf) {
    String template = gguf.string("tokenizer.chat_template").orElse(null);
    if (template != null) {
      try {
        ChatTemplate.parse(template, "", "");
      } catch (TemplateSyntaxException failure) {
        throw ImportException.unsupported("in its chat template " + failure.getMessage());
      }
    }
    return template;
  }

  private static String name(Gguf gguf, Path file) {
    String name =
        gguf.string("general.name")
            .orElseGet(() -> file.getFileName().toString().replaceFirst("\\.gguf$", ""))
            .replaceAll("\\p{Cntrl}", " ")
            .strip();
    return name.length() > MAX_NAME ? name.substring(0, MAX_NAME) : name;
  }

  private static SortedMap<String, Entry> seal(Path work, ImportProgress progress)
      throws IOException {
    var files = new TreeMap<String, Entry>();
    for (String name : List.of(ModelFolder.GRAPH, ModelFolder.WEIGHTS, ModelFolder.TOKENIZER)) {
      Path file = work.resolve(name);
      long size = Files.size(file);
      String sha256 = Digests.hex(file, done -> progress.at(Phase.SEAL, done, size));
      files.put(name, new Entry(sha256, size));
    }
    return files;
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
