package dev.postern.runners.quality;

import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.onnx.HalfFormat;
import dev.postern.runners.onnx.ServedFormat;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model in each format that the cache has of it.
 *
 * @param formats with the row of each, where it was measured
 */
public record StoredFormats(List<StoredFormat> formats) {
  /** One of them. */
  public record StoredFormat(ModelFolder folder, Optional<QualityRow> row) {}

  /** All that were imported from the same source as a model. */
  public static StoredFormats of(Path cache, ModelFolder model) throws IOException {
    String source = model.manifest().source().sha256();
    List<ModelFolder> folders =
        ModelFolder.list(cache).stream()
            .filter(folder -> folder.manifest().source().sha256().equals(source))
            .toList();
    var formats = new ArrayList<StoredFormat>();
    for (ModelFolder folder : folders) {
      formats.add(new StoredFormat(folder, QualityRows.of(folder)));
    }
    return new StoredFormats(List.copyOf(formats));
  }

  /**
   * Those that may be served by default: what this processor gets right, and nothing that is made
   * for devices, of which processor time tells nothing.
   */
  public StoredFormats defaults() {
    return new StoredFormats(
        formats.stream()
            .filter(format -> isForProcessors(format.folder().manifest().weights()))
            .toList());
  }

  private static boolean isForProcessors(String weights) {
    return ServedFormat.servesHere(weights) && !weights.equals(HalfFormat.NAME);
  }

  public List<ModelFolder> folders() {
    return formats.stream().map(StoredFormat::folder).toList();
  }

  /** Whether each has its row. */
  public boolean measured() {
    return formats.stream().allMatch(format -> format.row().isPresent());
  }

  /** Which of the measured ones to serve. */
  public Optional<DefaultFormat> best() {
    return DefaultFormat.of(formats.stream().flatMap(format -> format.row().stream()).toList());
  }
}
