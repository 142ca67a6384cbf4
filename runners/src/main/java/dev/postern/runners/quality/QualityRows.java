package dev.postern.runners.quality;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.postern.runners.importer.ModelFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;

/** The rows of measured formats: one small file a model folder, beside it. */
public final class QualityRows {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private QualityRows() {}

  private static Path file(ModelFolder model) {
    Path folder = model.path().toAbsolutePath();
    return folder.resolveSibling(folder.getFileName() + ".quality.json");
  }

  /** The row of a folder; nothing where it was not measured, or by another version. */
  public static Optional<QualityRow> of(ModelFolder model) throws IOException {
    Path file = file(model);
    if (!Files.isRegularFile(file)) {
      return Optional.empty();
    }
    try {
      QualityRow row = JSON.readValue(file.toFile(), QualityRow.class);
      return Optional.of(row).filter(kept -> kept.model().equals(model.digest()));
    } catch (JsonProcessingException unreadable) {
      return Optional.empty();
    }
  }

  /** Keeps a row, whole or not at all. */
  public static void keep(ModelFolder model, QualityRow row) throws IOException {
    Path file = file(model);
    Path fresh = Files.createTempFile(file.getParent(), ".quality-", "");
    try {
      JSON.writeValue(fresh.toFile(), row);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(fresh);
    }
  }
}
