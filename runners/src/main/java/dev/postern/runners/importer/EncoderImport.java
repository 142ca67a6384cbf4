package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.unsupported;

import ai.onnxruntime.OrtException;
import dev.postern.runners.encoder.EncoderLimits;
import dev.postern.runners.encoder.EncoderSettings;
import dev.postern.runners.encoder.OnnxEncoder;
import dev.postern.runners.importer.ImportProgress.Phase;
import dev.postern.runners.importer.ModelManifest.Entry;
import dev.postern.runners.onnx.FloatFormat;
import dev.postern.runners.onnx.OnnxGraph;
import dev.postern.runners.onnx.WeightFile;
import dev.postern.runners.tokenizer.TokenizerJson;
import dev.postern.runners.tokenizer.UnsoundTokenizerException;
import dev.postern.runners.tokenizer.WordPieceFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.stream.Stream;

/**
 * Turns an encoder into a model folder under {@code <cache>/models/<digest>}: a folder as
 * onnx-community, sentence-transformers and optimum lay it out, one of safetensors, or an {@code
 * .onnx} file beside its {@code …tokenizer.json}. A folder appears whole or not at all.
 */
public final class EncoderImport {
  /** BERT's vocabulary, in folders older than tokenizer.json. */
  private static final String PIECES = "vocab.txt";

  /** {@code model_type} of what reads a text at once and writes none. */
  private static final Set<String> FAMILIES =
      Set.of(
          "albert",
          "bert",
          "camembert",
          "deberta",
          "deberta-v2",
          "distilbert",
          "electra",
          "modernbert",
          "mpnet",
          "nomic_bert",
          "roberta",
          "xlm-roberta");

  private final Path models;

  /**
   * @param cache shared by all that import; made when absent
   */
  public EncoderImport(Path cache) {
    this.models = cache.resolve("models");
  }

  /** Whether a file or folder is to be imported here. */
  public static boolean recognises(Path source) throws IOException {
    if (Files.isDirectory(source)) {
      return FAMILIES.contains(
          JsonFiles.readIfThere(source.resolve(EncoderSettings.CONFIG))
              .path("model_type")
              .asText());
    }
    return source.toString().endsWith(".onnx")
        && (!Files.isRegularFile(root(source).resolve(EncoderSettings.CONFIG))
            || recognises(root(source)));
  }

  /**
   * @throws ImportException when the source is not sound or not supported
   */
  public EncoderFolder run(Path source, ImportProgress progress) throws IOException {
    Files.createDirectories(models);
    boolean folder = Files.isDirectory(source);
    Path root = folder ? source : root(source);
    Optional<Path> graph = folder ? graph(source) : Optional.of(source);
    EncoderSettings settings;
    try {
      settings = EncoderSettings.read(root);
    } catch (IOException e) {
      throw malformed(String.valueOf(e.getMessage()));
    }
    try (var place = WorkFolder.create(models, ModelImport.WORK)) {
      Path work = place.path();
      if (graph.isPresent()) {
        copy(graph.get(), work, progress);
      } else {
        emit(root, settings, work, progress);
      }
      tokenizer(graph.orElse(root), root, work.resolve(ModelFolder.TOKENIZER));
      var manifest =
          EncoderFolder.Manifest.of(
              name(root, graph.orElse(root)),
              settings,
              width(work, settings),
              null,
              sealed(work, progress));
      byte[] bytes = ModelFolder.JSON.writeValueAsBytes(manifest);
      Files.write(work.resolve(EncoderFolder.MANIFEST), bytes);
      Path published = models.resolve(Digests.hex(bytes));
      Trees.publish(work, published);
      return EncoderFolder.open(published);
    } catch (IOException failure) {
      throw ImportException.unfinished(failure);
    }
  }

  /** Where the configuration of an {@code .onnx} file is: beside it or one folder up. */
  private static Path root(Path graph) {
    Path folder = graph.toAbsolutePath().resolveSibling(".").normalize();
    Path above = folder.getParent();
    return above != null
            && folder.endsWith("onnx")
            && Files.isRegularFile(above.resolve(EncoderSettings.CONFIG))
        ? above
        : folder;
  }

  /** The graph in full precision, or the only one; empty where there are only weights. */
  private static Optional<Path> graph(Path root) throws IOException {
    for (var place : new String[] {"onnx/model.onnx", "model.onnx"}) {
      if (Files.isRegularFile(root.resolve(place))) {
        return Optional.of(root.resolve(place));
      }
    }
    for (Path folder : new Path[] {root, root.resolve("onnx")}) {
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.list(folder)) {
          var found = files.filter(file -> file.toString().endsWith(".onnx")).toList();
          if (found.size() == 1) {
            return Optional.of(found.getFirst());
          }
          if (found.size() > 1) {
            throw unsupported("it has several .onnx files; import the one that you want");
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Copies the tokenizer of the graph or the folder, or makes one of a list of pieces. */
  private static void tokenizer(Path graph, Path root, Path target) throws IOException {
    String own = graph.getFileName().toString().replaceFirst("\\.onnx$", "-tokenizer.json");
    for (Path file : List.of(graph.resolveSibling(own), root.resolve(ModelFolder.TOKENIZER))) {
      if (Files.isRegularFile(file)) {
        Files.copy(file, target);
        return;
      }
    }
    Path pieces = root.resolve(PIECES);
    if (!Files.isRegularFile(pieces)) {
      throw unsupported("it has neither a tokenizer.json nor a vocab.txt");
    }
    try {
      var settings = JsonFiles.readIfThere(root.resolve(TokenizerFiles.SETTINGS));
      TokenizerJson.write(WordPieceFile.read(pieces, settings), target);
    } catch (UnsoundTokenizerException failure) {
      throw malformed("of its vocab.txt: " + failure.getMessage());
    }
  }

  private static void copy(Path graph, Path work, ImportProgress progress) throws IOException {
    long size = Files.size(graph);
    progress.at(Phase.CONVERT, 0, size);
    Files.copy(graph, work.resolve(ModelFolder.GRAPH));
    String name = graph.getFileName().toString();
    // A graph names its data by their file names: model.onnx_data, model.onnx.data.
    try (Stream<Path> siblings = Files.list(graph.toAbsolutePath().resolveSibling("."))) {
      for (Path data : (Iterable<Path>) siblings.sorted()::iterator) {
        String other = data.getFileName().toString();
        if (other.startsWith(name) && other.length() > name.length()) {
          Files.copy(data, work.resolve(other));
        }
      }
    }
    progress.at(Phase.CONVERT, size, size);
  }

  /** Makes the graph from the weights. */
  private static void emit(Path root, EncoderSettings settings, Path work, ImportProgress progress)
      throws IOException {
    List<Path> shards = WeightShards.of(root);
    var config = EncoderConfig.read(JsonFiles.read(root.resolve(EncoderSettings.CONFIG)), settings);
    long size = 0;
    for (Path shard : shards) {
      size += Files.size(shard);
    }
    progress.at(Phase.CONVERT, 0, size);
    try (var weights = Safetensors.open(shards);
        var data = new WeightFile(work.resolve(ModelFolder.WEIGHTS))) {
      var graph = new OnnxGraph("encoder", data);
      new EncoderEmission(weights.tensors(), config, new FloatFormat(), graph).emit();
      graph.write(work.resolve(ModelFolder.GRAPH));
    }
    progress.at(Phase.CONVERT, size, size);
  }

  /** Loads it once, as a runner will. */
  private static int width(Path work, EncoderSettings settings) throws IOException {
    try (var encoder = OnnxEncoder.open(work, settings, EncoderLimits.defaults())) {
      return encoder.width();
    } catch (OrtException e) {
      throw malformed("ONNX Runtime does not load it: " + e.getMessage());
    } catch (IOException | IllegalStateException e) {
      throw unsupported(String.valueOf(e.getMessage()));
    }
  }

  private static String name(Path root, Path graph) {
    Path folder = root.toAbsolutePath().normalize().getFileName();
    boolean alone = !Files.isRegularFile(root.resolve(EncoderSettings.CONFIG));
    return alone || folder == null
        ? graph.getFileName().toString().replaceFirst("\\.onnx$", "")
        : folder.toString();
  }

  private static SortedMap<String, Entry> sealed(Path work, ImportProgress progress)
      throws IOException {
    try (Stream<Path> made = Files.list(work)) {
      List<String> names = made.map(file -> file.getFileName().toString()).toList();
      return Entry.seal(work, names, progress);
    }
  }
}
