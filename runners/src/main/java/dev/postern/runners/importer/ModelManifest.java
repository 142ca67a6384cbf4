package dev.postern.runners.importer;

import static dev.postern.runners.importer.ImportException.malformed;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.postern.runners.importer.ImportProgress.Phase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a model folder holds; its bytes' SHA-256 is the model's identity.
 *
 * @param format version of this record
 * @param role what the model does, such as {@code chat}
 * @param weights name of the format its matrices are kept in
 * @param origin where the source came from, such as a package and its version; null when a file was
 *     given
 * @param chatTemplate Jinja text; null when the source has none
 * @param files by name, without this manifest
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ModelManifest(
    int format,
    String name,
    String role,
    String weights,
    DecoderConfig architecture,
    long parameters,
    int contextLength,
    Entry source,
    @Nullable String origin,
    @Nullable String licence,
    @Nullable String chatTemplate,
    Tokens tokens,
    SortedMap<String, Entry> files) {

  /** Another one whenever imports come out otherwise: a folder of an earlier one is made anew. */
  public static final int FORMAT = 4;

  /**
   * @param sha256 lower-case hexadecimal
   */
  public record Entry(String sha256, long bytes) {

    /** The entries of files in a folder, by name; those that are not there are left out. */
    static SortedMap<String, Entry> seal(
        Path folder, Collection<String> names, ImportProgress progress) throws IOException {
      var files = new TreeMap<String, Entry>();
      for (String name : names) {
        Path file = folder.resolve(name);
        if (!Files.exists(file)) {
          continue;
        }
        long size = Files.size(file);
        String sha256 = Digests.hex(file, done -> progress.at(Phase.SEAL, done, size));
        files.put(name, new Entry(sha256, size));
      }
      return files;
    }

    /** Checks that files of a folder are there in full, without reading them. */
    static void requireWhole(Path folder, Map<String, Entry> files) throws IOException {
      for (Map.Entry<String, Entry> file : files.entrySet()) {
        Path path = folder.resolve(file.getKey());
        if (!Files.isRegularFile(path) || Files.size(path) != file.getValue().bytes()) {
          throw malformed(file.getKey() + " is missing or cut short");
        }
      }
    }
  }

  /**
   * @param beginning token of a text's beginning
   * @param begins whether a prompt must start with it
   * @param ends tokens that end an answer
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Tokens(
      @Nullable Integer beginning, @Nullable Integer end, boolean begins, SortedSet<Integer> ends) {

    /** The token that every prompt starts with; empty where none does. */
    public Optional<Integer> first() {
      return begins ? Optional.ofNullable(beginning) : Optional.empty();
    }
  }

  /** Bytes of all files. */
  public long bytes() {
    return files.values().stream().mapToLong(Entry::bytes).sum();
  }
}
