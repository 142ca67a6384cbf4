package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import dev.postern.runners.encoder.EncoderSettings;
import dev.postern.runners.importer.ModelManifest.Entry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * An imported encoder on disk: {@code encoder.json}, {@code model.onnx} with the data that it
 * names, and {@code tokenizer.json}.
 *
 * @param digest {@code sha256:…} of the manifest
 */
public record EncoderFolder(Path path, String digest, Manifest manifest) {
  public static final String MANIFEST = "encoder.json";

  private static final int FORMAT = 1;

  /**
   * What a folder holds; its bytes' SHA-256 is the model's identity.
   *
   * @param format version of this record
   * @param width of a vector; of the labels otherwise
   * @param files by name, without this manifest
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Manifest(
      int format,
      String name,
      EncoderSettings settings,
      int width,
      @Nullable String licence,
      SortedMap<String, Entry> files) {

    static Manifest of(
        String name,
        EncoderSettings settings,
        int width,
        @Nullable String licence,
        SortedMap<String, Entry> files) {
      return new Manifest(FORMAT, name, settings, width, licence, files);
    }

    /** Bytes of all files. */
    public long bytes() {
      return files.values().stream().mapToLong(Entry::bytes).sum();
    }
  }

  /** Whether a folder is one of these. */
  public static boolean is(Path folder) {
    return Files.isRegularFile(folder.resolve(MANIFEST));
  }

  /** Opens a folder and checks that its files are there in full, without reading them all. */
  public static EncoderFolder open(Path folder) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(MANIFEST));
    Manifest manifest;
    try {
      manifest = ModelFolder.JSON.readValue(bytes, Manifest.class);
    } catch (JsonProcessingException failure) {
      throw malformed("its manifest cannot be read");
    }
    if (manifest.format() != FORMAT) {
      throw ImportException.unsupported(
          "it was imported by another version; import it again from its source");
    }
    Entry.requireWhole(folder, manifest.files());
    return new EncoderFolder(folder, "sha256:" + Digests.hex(bytes), manifest);
  }

  /** The digest of an imported encoder; of its graph's bytes where it came as it is. */
  public static String identity(Path folder) throws IOException {
    if (is(folder)) {
      return open(folder).digest();
    }
    try (var files = Files.list(folder)) {
      var graph = files.filter(file -> file.toString().endsWith(".onnx")).findFirst();
      if (graph.isEmpty()) {
        throw malformed("it has no graph");
      }
      return "sha256:" + Digests.hex(graph.get(), _ -> {});
    }
  }

  /** How the encoder of a folder is fed and read, whether it was imported or came as it is. */
  public static EncoderSettings settings(Path folder) throws IOException {
    return is(folder) ? open(folder).manifest().settings() : EncoderSettings.read(folder);
  }
}
