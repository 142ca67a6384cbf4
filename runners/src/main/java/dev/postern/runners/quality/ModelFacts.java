package dev.postern.runners.quality;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.postern.runners.importer.DecoderConfig;
import dev.postern.runners.importer.ModelCard;
import dev.postern.runners.importer.ModelFolder;
import dev.postern.runners.importer.ModelManifest;
import dev.postern.runners.importer.Projection;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A model's card in full: what a person wants to know before trusting it.
 *
 * @param title the name in its file
 * @param architecture in one line
 * @param parts where its parameters are; they add up to {@code parameters}
 * @param tokenizer the kind of its tokenizer
 * @param templated whether it brings its own chat template
 */
public record ModelFacts(
    String title,
    String digest,
    String source,
    String licence,
    String family,
    String architecture,
    long parameters,
    List<Part> parts,
    int layers,
    int contextLength,
    String tokenizer,
    int vocabulary,
    boolean templated) {

  /** Parameters of one kind. */
  public record Part(String name, long parameters) {}

  public static ModelFacts of(ModelFolder model) throws IOException {
    ModelManifest manifest = model.manifest();
    ModelCard card = model.card();
    DecoderConfig shape = manifest.architecture();
    JsonNode tokenizer =
        new ObjectMapper()
            .readTree(model.path().resolve(ModelFolder.TOKENIZER).toFile())
            .path("model");
    return new ModelFacts(
        card.name(),
        model.digest(),
        card.source(),
        card.licence(),
        shape.family(),
        architecture(shape),
        manifest.parameters(),
        parts(shape, manifest.parameters()),
        shape.layers(),
        manifest.contextLength(),
        kind(tokenizer),
        shape.vocabulary(),
        manifest.chatTemplate() != null);
  }

  private static String architecture(DecoderConfig shape) {
    return String.format(
        Locale.ROOT,
        "%s decoder: %d layers, width %d, %d heads of %d over %d key/value heads, feed-forward %d",
        shape.family(),
        shape.layers(),
        shape.width(),
        shape.heads(),
        shape.headWidth(),
        shape.keyValueHeads(),
        shape.feedForwardWidth());
  }

  private static List<Part> parts(DecoderConfig shape, long total) {
    long embedding = (long) shape.vocabulary() * shape.width();
    long attention = products(shape, Projection.Q, Projection.K, Projection.V, Projection.O);
    long feedForward = products(shape, Projection.GATE, Projection.UP, Projection.DOWN);
    List<Part> parts = new ArrayList<>();
    parts.add(new Part(shape.tiedHead() ? "embedding+head" : "embedding", embedding));
    parts.add(new Part("attention", attention));
    parts.add(new Part("feed-forward", feedForward));
    long head = shape.tiedHead() ? 0 : embedding;
    if (head > 0) {
      parts.add(new Part("head", head));
    }
    parts.add(new Part("norms, biases", total - embedding - attention - feedForward - head));
    return List.copyOf(parts);
  }

  private static long products(DecoderConfig shape, Projection... projections) {
    long each = 0;
    for (Projection projection : projections) {
      each += (long) shape.rows(projection) * shape.columns(projection);
    }
    return each * shape.layers();
  }

  private static String kind(JsonNode model) {
    String type = model.path("type").asText("");
    boolean bytes = model.path("byte_fallback").asBoolean();
    return switch (type) {
      case "BPE" -> bytes ? "SentencePiece BPE" : "byte-level BPE";
      case "Unigram" -> "SentencePiece unigram";
      default -> type;
    };
  }
}
