package dev.postern.runners.importer;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
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

  public static final int FORMAT = 2;

  public record Entry(String sha256, long bytes) {}

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
