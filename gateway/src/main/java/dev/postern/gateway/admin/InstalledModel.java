package dev.postern.gateway.admin;

import dev.postern.registry.ModelVersion;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model as this installation serves it.
 *
 * @param name what clients call
 * @param card null for encoders
 * @param formats all that are stored of it; none for encoders
 * @param why why it is served in the format it is, in words
 */
public record InstalledModel(
    String name,
    ModelVersion version,
    @Nullable Card card,
    List<Format> formats,
    @Nullable String why) {

  /**
   * What a person wants to know before trusting it.
   *
   * @param title the name in its file
   * @param source where it came from
   * @param sourceDigest SHA-256 of what it was imported from
   * @param architecture in one line
   * @param parts where its parameters are; they add up to {@code parameters}
   * @param templated whether it brings its own chat template
   */
  public record Card(
      String title,
      String source,
      String sourceDigest,
      String licence,
      String family,
      String architecture,
      int layers,
      long parameters,
      List<Part> parts,
      String tokenizer,
      int vocabulary,
      boolean templated) {}

  /** Parameters of one kind. */
  public record Part(String name, long parameters) {}

  /**
   * A stored format.
   *
   * @param bytes on disk
   * @param servable whether this machine's processor gets it right
   * @param quality null where it was not measured
   */
  public record Format(
      String name,
      String digest,
      long bytes,
      boolean served,
      boolean servable,
      @Nullable Quality quality) {}

  /**
   * What was measured of a format.
   *
   * @param speed tokens per second of one core, one generation at a time
   * @param speedOfEight the same with eight generations at once
   * @param divergence mean Kullback-Leibler divergence from the model in floats, in nats
   * @param perplexityChange from the floats' own, as a share
   * @param agreement share of positions where both find the same token likeliest
   * @param faithful whether it is near enough to the floats to be the default
   * @param measuredAt RFC 3339, UTC
   */
  public record Quality(
      double speed,
      double speedOfEight,
      double divergence,
      double perplexity,
      double perplexityChange,
      double agreement,
      int positions,
      boolean faithful,
      String measuredAt) {}
}
