package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** JSON files beside a model's weights, of unknown makers: bounded in bytes and in depth. */
public final class JsonFiles {
  private static final int MAX_DEPTH = 32;

  /** A tree takes up to some 30 times its bytes. */
  private static final int MAX_TREE_BYTES = 8 << 20;

  static final JsonFactory FACTORY =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxNumberLength(64)
                  .maxNameLength(4096)
                  .build())
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .build();
  private static final ObjectMapper MAPPER = new ObjectMapper(FACTORY);

  private JsonFiles() {}

  /**
   * @throws ImportException when the file holds no object within bounds
   */
  public static ObjectNode read(Path file) throws IOException {
    if (Files.size(file) > MAX_TREE_BYTES) {
      throw malformed(file.getFileName() + " is too large");
    }
    try {
      if (MAPPER.readTree(Files.readAllBytes(file)) instanceof ObjectNode object) {
        return object;
      }
    } catch (JsonProcessingException failure) {
      throw malformed(file.getFileName() + " is not sound JSON");
    }
    throw malformed(file.getFileName() + " is not a JSON object");
  }

  /** The file's object, or an empty one where there is no file. */
  static ObjectNode readIfThere(Path file) throws IOException {
    return Files.isRegularFile(file) ? read(file) : MAPPER.createObjectNode();
  }
}
