package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;
import static dev.postern.runners.importer.ImportException.quoted;
import static dev.postern.runners.importer.ImportException.unsupported;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** Where a Hugging Face folder keeps its weights: in one file, or in those that an index names. */
final class WeightShards {
  static final String WHOLE = "model.safetensors";
  static final String INDEX = "model.safetensors.index.json";

  private static final int MAX_SHARDS = 1000;
  private static final Pattern SHARD = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]*\\.safetensors");

  private WeightShards() {}

  static boolean in(Path folder) {
    return Files.exists(folder.resolve(WHOLE)) || Files.exists(folder.resolve(INDEX));
  }

  /**
   * The files, sorted by name. A whole one is taken before an index, as transformers does.
   *
   * @throws ImportException when there are none, or the index names what is not in the folder
   */
  static List<Path> of(Path folder) throws IOException {
    Path whole = folder.resolve(WHOLE);
    if (Files.isRegularFile(whole)) {
      return List.of(whole);
    }
    Path index = folder.resolve(INDEX);
    if (!Files.isRegularFile(index)) {
      throw unsupported("there is no %s beside its config.json".formatted(WHOLE));
    }
    var files = new TreeSet<String>();
    for (JsonNode file : JsonFiles.read(index).path("weight_map")) {
      String name = file.asText();
      // A plain name: the index cannot lead out of its folder.
      if (!SHARD.matcher(name).matches()) {
        throw malformed("its index names a file %s".formatted(quoted(name)));
      }
      files.add(name);
    }
    if (files.isEmpty() || files.size() > MAX_SHARDS) {
      throw malformed("its index names %d files".formatted(files.size()));
    }
    for (String name : files) {
      if (!Files.isRegularFile(folder.resolve(name))) {
        throw malformed("%s is missing".formatted(quoted(name)));
      }
    }
    return files.stream().map(folder::resolve).toList();
  }
}
