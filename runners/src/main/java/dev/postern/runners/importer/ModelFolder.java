package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * An imported model on disk: {@code manifest.json}, {@code model.onnx}, {@code weights.bin}, {@code
 * tokenizer.json}.
 *
 * @param digest {@code sha256:…} of the manifest
 */
public record ModelFolder(Path path, String digest, ModelManifest manifest) {
  public static final String MANIFEST = "manifest.json";
  public static final String GRAPH = "model.onnx";
  public static final String WEIGHTS = "weights.bin";

  /** The same graph over the same weights, with a place for an adapter at each product. */
  public static final String ADAPTED_GRAPH = "adapted.onnx";

  /**
   * What the rows and columns of matrices were multiplied with, where an import evened out their
   * inputs: safetensors named {@code layer.N.q.columns}, {@code layer.N.v.rows} and so on.
   */
  public static final String CHANNELS = "channels.safetensors";

  public static final String TOKENIZER = "tokenizer.json";

  static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES);

  /** Opens a folder and checks that its files are there in full, without reading them all. */
  public static ModelFolder open(Path folder) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(MANIFEST));
    ModelManifest manifest;
    try {
      manifest = JSON.readValue(bytes, ModelManifest.class);
    } catch (JsonProcessingException failure) {
      throw malformed("its manifest cannot be read");
    }
    if (manifest.format() != ModelManifest.FORMAT) {
      throw ImportException.unsupported(
          "it was imported by another version; import it again from its source");
    }
    ModelManifest.Entry.requireWhole(folder, manifest.files());
    return new ModelFolder(folder, "sha256:" + Digests.hex(bytes), manifest);
  }

  /** Reads every byte and compares it with the manifest. */
  public void verify() throws IOException {
    for (Map.Entry<String, ModelManifest.Entry> file : manifest.files().entrySet()) {
      Digests.check(path.resolve(file.getKey()), file.getValue().sha256());
    }
  }

  /** All sound model folders of a cache, by name. Folders that do not open are left out. */
  public static List<ModelFolder> list(Path cache) throws IOException {
    Path models = cache.resolve("models");
    List<ModelFolder> folders = new ArrayList<>();
    if (!Files.isDirectory(models)) {
      return folders;
    }
    try (Stream<Path> entries = Files.list(models)) {
      for (Path entry : (Iterable<Path>) entries.sorted()::iterator) {
        if (Files.isRegularFile(entry.resolve(MANIFEST))
            && !entry.getFileName().toString().startsWith(".")) {
          try {
            folders.add(open(entry));
          } catch (ImportException damaged) {
            continue;
          }
        }
      }
    }
    folders.sort(Comparator.comparing(folder -> folder.manifest().name()));
    return folders;
  }

  /** The facts that a list of models shows. */
  public ModelCard card() {
    return new ModelCard(
        manifest.name(),
        manifest.role(),
        manifest.parameters(),
        manifest.bytes(),
        manifest.contextLength(),
        manifest.weights(),
        digest,
        manifest.licence() == null ? "unknown" : manifest.licence(),
        manifest.origin() == null
            ? "file sha256:" + manifest.source().sha256()
            : manifest.origin());
  }
}
